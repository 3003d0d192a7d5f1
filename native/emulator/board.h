#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "emulator/config.h"
#include "emulator/device.h"
#include "emulator/memory.h"
#include "emulator/playback.h"

namespace emulator {

struct PackedModel {
  std::vector<std::shared_ptr<const PlaybackModel>> models;
  std::vector<const char*> names;
};

/**
 * The emulated board. Created on first use; when the library is unloaded, it is destroyed and writes its
 * report.
 */
class Board {
 public:
  ~Board() {
    const uint64_t tasks = device.tasks();
    const uint64_t blocks = memory.blocks();
    if (tasks > 0) Print("hbDNNReleaseTask was not called for %llu tasks", tasks);
    if (blocks > 0) Print("hbSysFreeMem was not called for %llu blocks", blocks);
    if (!packed.empty()) Print("hbDNNRelease was not called for %llu models", packed.size());
    WriteReport();
  }

  /** Living objects and counters as a JSON object. */
  std::string Report() {
    const TaskCounters counters = device.counters();
    const std::pair<const char*, uint64_t> numbers[] = {
        {"tasksAlive", device.tasks()},    {"blocksAlive", memory.blocks()},
        {"modelsAlive", packed.size()},    {"violations", memory.violations() + device.violations()},
        {"submitted", counters.submitted}, {"awaited", counters.awaited},
        {"succeeded", counters.succeeded}, {"failed", counters.failed},
        {"hung", counters.hung},           {"canceled", counters.canceled},
        {"late", counters.late},           {"mostTasks", counters.max_alive},
    };
    std::string text;
    for (const auto& [name, number] : numbers) {
      text += (text.empty() ? "{\"" : ",\"") + std::string(name) + "\":" + std::to_string(number);
    }
    return text + "}";
  }

  std::mutex mutex;
  std::set<std::unique_ptr<PackedModel>> packed;
  std::string config_text;
  bool configured = false;
  Allocator memory;
  Device device;

 private:
  static void Print(const char* format, uint64_t count) {
    std::fputs("[emulator] at unload: ", stderr);
    std::fprintf(stderr, format, static_cast<unsigned long long>(count));
    std::fputc('\n', stderr);
  }

  void WriteReport() {
    const std::string path = device.config().report;
    if (path.empty()) return;
    std::FILE* file = std::fopen(path.c_str(), "w");
    if (!file) return;
    std::fprintf(file, "%s\n", Report().c_str());
    std::fclose(file);
  }
};

Board& TheBoard();

int32_t LoadModels(hbPackedDNNHandle_t* handle, char const** files, int32_t count);
PackedModel* FindPacked(Board& board, hbPackedDNNHandle_t handle);
/** @returns the loaded model with this handle, or null */
std::shared_ptr<const PlaybackModel> FindModel(hbDNNHandle_t handle);
/**
 * Reports on stderr what hbDNNInfer rejects.
 * @returns HB_DNN_INVALID_ARGUMENT
 */
int32_t RejectInfer(const char* why);
int32_t Infer(const std::shared_ptr<const PlaybackModel>& model, hbDNNTaskHandle_t* handle,
              hbDNNTensor** output, const hbDNNTensor* input, const hbDNNInferCtrlParam& settings);

}  // namespace emulator
