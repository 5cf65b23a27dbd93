#include "client/inherited.hpp"

#include <algorithm>
#include <array>

#include "domain/names.hpp"

namespace stoker::client {
namespace {

constexpr std::array<std::string_view, 46> kNames = {"PATH",
                                                     "HOME",
                                                     "USER",
                                                     "LOGNAME",
                                                     "SHELL",
                                                     "LANG",
                                                     "LANGUAGE",
                                                     "TZ",
                                                     "TMPDIR",
                                                     "TERM_PROGRAM",
                                                     "VIRTUAL_ENV",
                                                     "LD_LIBRARY_PATH",
                                                     "LD_PRELOAD",
                                                     "LIBRARY_PATH",
                                                     "MANPATH",
                                                     "XDG_CACHE_HOME",
                                                     "XDG_CONFIG_HOME",
                                                     "XDG_DATA_HOME",
                                                     "JAVA_HOME",
                                                     "SPARK_HOME",
                                                     "HADOOP_HOME",
                                                     "PYSPARK_PYTHON",
                                                     "R_HOME",
                                                     "R_LIBS",
                                                     "R_LIBS_USER",
                                                     "JULIA_DEPOT_PATH",
                                                     "MALLOC_ARENA_MAX",
                                                     "MAMBA_EXE",
                                                     "MAMBA_ROOT_PREFIX",
                                                     "PYENV_ROOT",
                                                     "PYENV_VERSION",
                                                     "HF_HOME",
                                                     "TORCH_HOME",
                                                     "KERAS_HOME",
                                                     "KERAS_BACKEND",
                                                     "MPLBACKEND",
                                                     "MPLCONFIGDIR",
                                                     "TOKENIZERS_PARALLELISM",
                                                     "SSL_CERT_FILE",
                                                     "SSL_CERT_DIR",
                                                     "REQUESTS_CA_BUNDLE",
                                                     "NO_PROXY",
                                                     "no_proxy",
                                                     "LOADEDMODULES",
                                                     "_LMFILES_",
                                                     "MODULEPATH"};

// HTTP_PROXY and PIP_INDEX_URL are left out on purpose: they often carry a password in the address.
constexpr std::array<std::string_view, 17> kPrefixes = {"LC_",   "CONDA_", "PYTHON", "OMP_",    "MKL_",  "OPENBLAS_", "BLIS_", "NUMEXPR_", "VECLIB_",
                                                        "CUDA_", "CUDNN_", "NCCL_",  "NVIDIA_", "ROCM_", "TF_",       "XLA_",  "TORCH_"};

}  // namespace

bool is_inherited(std::string_view name) {
  // Says how many threads the tokenizers library uses; its name only looks like a secret.
  if (name == "TOKENIZERS_PARALLELISM") return true;
  if (looks_secret(name)) return false;
  const auto begins = [&](std::string_view prefix) { return name.starts_with(prefix); };
  return std::ranges::find(kNames, name) != kNames.end() || std::ranges::any_of(kPrefixes, begins);
}

Variables inherited_variables(const Variables& all) {
  Variables taken;
  for (const auto& [name, value] : all) {
    if (is_inherited(name)) taken.emplace(name, value);
  }
  return taken;
}

}  // namespace stoker::client
