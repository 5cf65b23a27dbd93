// What may be asked of runs and of experiments (mlflow-rest 11.2, 11.4).
#include "search/filter.hpp"

namespace stoker::search {

const Schema& run_schema() {
  static const Schema schema{
      .groups = {{.entity = Entity::kAttribute,
                  .names = {"attribute", "attributes", "attr", "run"},
                  .word = "attribute",
                  .type = Type::kText,
                  .operators = kTextual,
                  .keys = {{"run_id", "run_id", Type::kText, static_cast<Operators>(kTextual | kLists)},
                           {"run_name", "run_name"},
                           {"run name", "run_name", Type::kText, kTextual, false},
                           {"Run name", "run_name", Type::kText, kTextual, false},
                           {"Run Name", "run_name", Type::kText, kTextual, false},
                           {"status", "status"},
                           {"artifact_uri", "artifact_uri"},
                           {"user_id", "user_id"},
                           {"start_time", "start_time", Type::kNumber, kNumeric},
                           {"end_time", "end_time", Type::kNumber, kNumeric},
                           {"created", "start_time", Type::kNumber, kNumeric},
                           {"Created", "start_time", Type::kNumber, kNumeric}}},
                 {.entity = Entity::kMetric, .names = {"metric", "metrics"}, .word = "metric", .type = Type::kNumber, .operators = kNumeric},
                 {.entity = Entity::kParam,
                  .names = {"param", "params", "parameter", "parameters"},
                  .word = "parameter",
                  .type = Type::kText,
                  .operators = static_cast<Operators>(kTextual | kNullness)},
                 {.entity = Entity::kTag,
                  .names = {"tag", "tags"},
                  .word = "tag",
                  .type = Type::kText,
                  .operators = static_cast<Operators>(kTextual | kNullness)},
                 {.entity = Entity::kDataset,
                  .names = {"dataset", "datasets"},
                  .word = "dataset",
                  .type = Type::kText,
                  .operators = kTextual,
                  .keys = {{"name", "name", Type::kText, static_cast<Operators>(kTextual | kLists)},
                           {"digest", "digest", Type::kText, static_cast<Operators>(kTextual | kLists)},
                           {"context", "context", Type::kText, static_cast<Operators>(kTextual | kLists)}},
                  .orders = false}}};
  return schema;
}

const Schema& experiment_schema() {
  static const Schema schema{.groups = {{.entity = Entity::kAttribute,
                                         .names = {"attribute"},
                                         .word = "attribute",
                                         .keys = {{"name", "name"},
                                                  {"creation_time", "creation_time", Type::kNumber, kNumeric},
                                                  {"last_update_time", "last_update_time", Type::kNumber, kNumeric},
                                                  {"experiment_id", "experiment_id", Type::kText, 0}}},
                                        {.entity = Entity::kTag,
                                         .names = {"tag", "tags"},
                                         .word = "tag",
                                         .operators = static_cast<Operators>(kTextual | kNullness),
                                         .orders = false}},
                             .ignores_repeated_orders = true,
                             .entity_refusal = "Invalid entity type '{0}'. Valid entity types are ({1})",
                             .operator_refusal = "Invalid comparator for {2}: {0}",
                             .null_refusal = "IS NULL / IS NOT NULL is only supported for tags, not for {2} '{0}'.",
                             .order_refusal = "Invalid order_by entity: {0}"};
  return schema;
}

}  // namespace stoker::search
