#include "supervisor/variables.hpp"

#include <gtest/gtest.h>

namespace stoker::supervisor {
namespace {

protocol::StartMessage a_start() {
  protocol::StartMessage start;
  start.run = RunId("exp_1_abc");
  start.attempt = 2;
  start.run_token = "srt1.x";
  start.server_url = "http://127.0.0.1:1";
  return start;
}

TEST(Variables, LaterLayersWin) {
  auto start = a_start();
  start.spec.inherited = {{"A", "client"}, {"B", "client"}, {"C", "client"}, {"AZUREML_RUN_ID", "another"}, {"PATH", "/client"}};
  start.spec.environment.variables = {{"B", "environment"}, {"C", "environment"}, {"D", "environment"}};
  start.spec.environment_variables = {{"C", "run"}, {"E", "run"}, {"STOKER_RUN_ID", "forged"}};
  start.identity_variables = {{"AZUREML_EXPERIMENT_ID", "e-1"}};
  VariableInputs inputs;
  inputs.prepared.variables = {{"D", "prepared"}, {"E", "prepared"}};
  const auto variables = run_variables(start, inputs);
  EXPECT_EQ(variables.at("A"), "client");
  EXPECT_EQ(variables.at("B"), "environment");
  EXPECT_EQ(variables.at("C"), "run");
  EXPECT_EQ(variables.at("D"), "prepared");
  EXPECT_EQ(variables.at("E"), "run");
  EXPECT_EQ(variables.at("PATH"), "/client");
  EXPECT_EQ(variables.at("STOKER_RUN_ID"), "exp_1_abc");
  EXPECT_EQ(variables.at("AZUREML_RUN_ID"), "exp_1_abc");
  EXPECT_EQ(variables.at("STOKER_ATTEMPT"), "exp_1_abc.2");
  EXPECT_EQ(variables.at("AZUREML_RUN_TOKEN"), "srt1.x");
  EXPECT_EQ(variables.at("AZUREML_EXPERIMENT_ID"), "e-1");
}

TEST(Variables, TheClientsTokenNeverReachesTheRun) {
  auto start = a_start();
  start.spec.inherited = {{"STOKER_TOKEN", "owner"}, {"STOKER_SOCKET", "/outer"}, {"AZUREML_RUN_TOKEN", "outer"}, {"OLDPWD", "/x"}};
  start.run_token.clear();
  const auto variables = run_variables(start, {});
  for (const auto* name : {"STOKER_TOKEN", "STOKER_SOCKET", "AZUREML_RUN_TOKEN", "OLDPWD"}) EXPECT_FALSE(variables.contains(name)) << name;
}

TEST(Variables, PythonIsUnbufferedAndFindsOurPackagesFirst) {
  auto start = a_start();
  start.spec.inherited = {{"PYTHONPATH", "/mine"}};
  VariableInputs inputs;
  inputs.python_tree = "/tree";
  auto variables = run_variables(start, inputs);
  EXPECT_EQ(variables.at("PYTHONPATH"), "/tree:/mine");
  EXPECT_EQ(variables.at("PYTHONUNBUFFERED"), "1");
  start.spec.inherited.clear();
  start.spec.environment_variables = {{"PYTHONUNBUFFERED", ""}};
  variables = run_variables(start, inputs);
  EXPECT_EQ(variables.at("PYTHONPATH"), "/tree");
  EXPECT_EQ(variables.at("PYTHONUNBUFFERED"), "");
}

TEST(Variables, AnMlflowServerOfTheUserStays) {
  auto start = a_start();
  start.identity_variables = {{"MLFLOW_TRACKING_URI", "http://ours"}, {"MLFLOW_RUN_ID", "exp_1_abc"}};
  EXPECT_EQ(run_variables(start, {}).at("MLFLOW_TRACKING_URI"), "http://ours");
  start.spec.environment_variables = {{"MLFLOW_TRACKING_URI", "http://theirs"}};
  const auto variables = run_variables(start, {});
  EXPECT_EQ(variables.at("MLFLOW_TRACKING_URI"), "http://theirs");
  EXPECT_FALSE(variables.contains("MLFLOW_RUN_ID"));
}

TEST(Variables, GpusAreAlwaysNamedWhereTheMachineHasSome) {
  auto start = a_start();
  EXPECT_FALSE(run_variables(start, {}).contains("CUDA_VISIBLE_DEVICES"));
  start.host_gpus = 4;
  EXPECT_EQ(run_variables(start, {}).at("CUDA_VISIBLE_DEVICES"), "");
  start.gpu_indices = {1, 3};
  start.spec.environment_variables = {{"CUDA_VISIBLE_DEVICES", "0,1,2,3"}};
  EXPECT_EQ(run_variables(start, {}).at("CUDA_VISIBLE_DEVICES"), "1,3");
}

TEST(Variables, WhatNoProcessCanGetIsLeftOut) {
  const std::map<std::string, std::string> variables{{"", "x"}, {"A=B", "x"}, {"C", std::string("x\0y", 3)}, {"D", "ü"}};
  EXPECT_EQ(to_environment(variables), std::vector<std::string>{"D=ü"});
}

}  // namespace
}  // namespace stoker::supervisor
