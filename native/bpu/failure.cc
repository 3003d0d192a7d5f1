#include "bpu/failure.h"

#include "bpu/hbdnn_abi.h"

namespace bpu {
namespace {

struct Status {
  int32_t code;
  const char* name;
  const char* hint;
};

constexpr Status kStatuses[] = {
    {HB_DNN_INVALID_ARGUMENT, "HB_DNN_INVALID_ARGUMENT",
     "Check the core (RDK X5 has one BPU core, X3 two) and the priority (0 to 255)."},
    {HB_DNN_INVALID_MODEL, "HB_DNN_INVALID_MODEL",
     "The file is damaged, or was built for another chip: copy it again, or convert it for bayes-e (X5) or "
     "bernoulli2 (X3)."},
    {HB_DNN_MODEL_NUMBER_EXCEED_LIMIT, "HB_DNN_MODEL_NUMBER_EXCEED_LIMIT", "Load fewer models at once."},
    {HB_DNN_INVALID_PACKED_DNN_HANDLE, "HB_DNN_INVALID_PACKED_DNN_HANDLE",
     "The model was closed while in use: please report this."},
    {HB_DNN_INVALID_DNN_HANDLE, "HB_DNN_INVALID_DNN_HANDLE",
     "The model was closed while in use: please report this."},
    {HB_DNN_CAN_NOT_OPEN_FILE, "HB_DNN_CAN_NOT_OPEN_FILE",
     "Check the path and the permissions of the model file."},
    {HB_DNN_OUT_OF_MEMORY, "HB_DNN_OUT_OF_MEMORY",
     "Use fewer slots, or close other programs that use the BPU."},
    {HB_DNN_TIMEOUT, "HB_DNN_TIMEOUT",
     "The BPU is too busy for the timeout, or hangs: raise the timeout, stop other models, or check "
     "`hrut_somstatus`."},
    {HB_DNN_TASK_NUM_EXCEED_LIMIT, "HB_DNN_TASK_NUM_EXCEED_LIMIT",
     "libdnn keeps at most 32 tasks alive in a process: use fewer slots in all engines together."},
    {HB_DNN_TASK_BATCH_SIZE_EXCEED_LIMIT, "HB_DNN_TASK_BATCH_SIZE_EXCEED_LIMIT", "Please report this."},
    {HB_DNN_INVALID_TASK_HANDLE, "HB_DNN_INVALID_TASK_HANDLE", "Please report this."},
    {HB_DNN_RUN_TASK_FAILED, "HB_DNN_RUN_TASK_FAILED",
     "The BPU could not process this frame. If this happens again, check `dmesg`, and the power supply and "
     "temperature of the board."},
    {HB_DNN_MODEL_IS_RUNNING, "HB_DNN_MODEL_IS_RUNNING", "Wait for the frames in flight before closing."},
    {HB_DNN_INCOMPATIBLE_MODEL, "HB_DNN_INCOMPATIBLE_MODEL",
     "The model was built for another chip or a newer runtime: convert it for this board, or update the "
     "system."},
    {HB_DNN_API_USE_ERROR, "HB_DNN_API_USE_ERROR", "Please report this with the version of libdnn."},
    {HB_DNN_MULTI_PROGRESS_USE_ERROR, "HB_DNN_MULTI_PROGRESS_USE_ERROR",
     "Another process drives the BPU in a way that excludes this one: stop it, or start dnn_server."},
    {HB_SYS_INVALID_ARGUMENT, "HB_SYS_INVALID_ARGUMENT", "Please report this with the version of libdnn."},
    {HB_SYS_OUT_OF_MEMORY, "HB_SYS_OUT_OF_MEMORY",
     "BPU memory (ION/CMA) is used up: use fewer slots, or close other programs that use the BPU."},
    {HB_SYS_REGISTER_MEM_FAILED, "HB_SYS_REGISTER_MEM_FAILED",
     "Please report this with the version of libdnn."},
};

}  // namespace

Failure StatusFailure(const std::string& call, int32_t status) {
  const std::string code = std::to_string(status);
  for (const Status& known : kStatuses) {
    if (known.code == status) return {call, std::string(known.name) + " (" + code + ")", known.hint};
  }
  return {call, "code " + code,
          "hbDNN does not document this code: see the log of libdnn (HB_DNN_LOG_LEVEL=0)."};
}

}  // namespace bpu
