#pragma once

#include <cstddef>
#include <cstdint>

/**
 * The part of the hbDNN 1.x C ABI that this package uses: RDK X3 (1.18 and later) and X5 (1.23, 1.24).
 *
 * Declared here from the documented layout, so that one build serves robots and laptops and needs no vendor
 * header. Both the engine (native/bpu) and the emulator (native/emulator) include it. LP64 only. The
 * assertions below check every size and offset: a compiler that lays out a struct differently fails to build.
 */
extern "C" {

using hbPackedDNNHandle_t = void*;
using hbDNNHandle_t = void*;
using hbDNNTaskHandle_t = void*;

/** Memory that the BPU can access. */
struct hbSysMem {
  uint64_t phyAddr;
  void* virAddr;
  uint32_t memSize;
};

constexpr int32_t HB_DNN_TENSOR_MAX_DIMENSIONS = 8;

struct hbDNNTensorShape {
  int32_t dimensionSize[HB_DNN_TENSOR_MAX_DIMENSIONS];
  int32_t numDimensions;
};

struct hbDNNQuantiShift {
  int32_t shiftLen;
  uint8_t* shiftData;
};

struct hbDNNQuantiScale {
  int32_t scaleLen;
  float* scaleData;
  int32_t zeroPointLen;
  int8_t* zeroPointData;
};

struct hbDNNTensorProperties {
  hbDNNTensorShape validShape;
  hbDNNTensorShape alignedShape;
  int32_t tensorLayout;
  int32_t tensorType;
  hbDNNQuantiShift shift;
  hbDNNQuantiScale scale;
  int32_t quantiType;
  int32_t quantizeAxis;
  int32_t alignedByteSize;
  /** In bytes. */
  int32_t stride[HB_DNN_TENSOR_MAX_DIMENSIONS];
};

struct hbDNNTensor {
  hbSysMem sysMem[4];
  hbDNNTensorProperties properties;
};

/** All zeros are the default: any core, lowest priority. */
struct hbDNNInferCtrlParam {
  int32_t bpuCoreId;
  int32_t dspCoreId;
  int32_t priority;
  int32_t more;
  int64_t customId;
  int32_t reserved1;
  int32_t reserved2;
};

}  // extern "C"

enum hbDNNTensorLayout : int32_t { HB_DNN_LAYOUT_NHWC = 0, HB_DNN_LAYOUT_NCHW = 2, HB_DNN_LAYOUT_NONE = 255 };

enum hbDNNDataType : int32_t {
  HB_DNN_IMG_TYPE_Y,
  HB_DNN_IMG_TYPE_NV12,
  HB_DNN_IMG_TYPE_NV12_SEPARATE,
  HB_DNN_IMG_TYPE_YUV444,
  HB_DNN_IMG_TYPE_RGB,
  HB_DNN_IMG_TYPE_BGR,
  HB_DNN_TENSOR_TYPE_S4,
  HB_DNN_TENSOR_TYPE_U4,
  HB_DNN_TENSOR_TYPE_S8,
  HB_DNN_TENSOR_TYPE_U8,
  HB_DNN_TENSOR_TYPE_F16,
  HB_DNN_TENSOR_TYPE_S16,
  HB_DNN_TENSOR_TYPE_U16,
  HB_DNN_TENSOR_TYPE_F32,
  HB_DNN_TENSOR_TYPE_S32,
  HB_DNN_TENSOR_TYPE_U32,
  HB_DNN_TENSOR_TYPE_F64,
  HB_DNN_TENSOR_TYPE_S64,
  HB_DNN_TENSOR_TYPE_U64,
};

enum hbDNNQuantiType : int32_t { HB_DNN_QUANTI_NONE, HB_DNN_QUANTI_SHIFT, HB_DNN_QUANTI_SCALE };

enum hbBPUCore : int32_t { HB_BPU_CORE_ANY, HB_BPU_CORE_0, HB_BPU_CORE_1 };

constexpr int32_t HB_DNN_PRIORITY_LOWEST = 0;
constexpr int32_t HB_DNN_PRIORITY_HIGHEST = 255;

enum hbSysMemFlushFlag : int32_t {
  /** Use before the CPU reads what the BPU wrote. */
  HB_SYS_MEM_CACHE_INVALIDATE = 1,
  /** Use after the CPU wrote what the BPU will read. */
  HB_SYS_MEM_CACHE_CLEAN = 2,
};

enum hbDNNStatus : int32_t {
  HB_DNN_SUCCESS = 0,
  HB_DNN_INVALID_ARGUMENT = -6000001,
  HB_DNN_INVALID_MODEL = -6000002,
  HB_DNN_MODEL_NUMBER_EXCEED_LIMIT = -6000003,
  HB_DNN_INVALID_PACKED_DNN_HANDLE = -6000004,
  HB_DNN_INVALID_DNN_HANDLE = -6000005,
  HB_DNN_CAN_NOT_OPEN_FILE = -6000006,
  HB_DNN_OUT_OF_MEMORY = -6000007,
  HB_DNN_TIMEOUT = -6000008,
  HB_DNN_TASK_NUM_EXCEED_LIMIT = -6000009,
  HB_DNN_TASK_BATCH_SIZE_EXCEED_LIMIT = -6000010,
  HB_DNN_INVALID_TASK_HANDLE = -6000011,
  HB_DNN_RUN_TASK_FAILED = -6000012,
  HB_DNN_MODEL_IS_RUNNING = -6000013,
  HB_DNN_INCOMPATIBLE_MODEL = -6000014,
  HB_DNN_API_USE_ERROR = -6000015,
  HB_DNN_MULTI_PROGRESS_USE_ERROR = -6000016,
};

enum hbSysStatus : int32_t {
  HB_SYS_SUCCESS = 0,
  HB_SYS_INVALID_ARGUMENT = -6000129,
  HB_SYS_OUT_OF_MEMORY = -6000130,
  HB_SYS_REGISTER_MEM_FAILED = -6000131,
};

static_assert(sizeof(void*) == 8 && sizeof(float) == 4, "hbDNN runs on 64-bit machines");

static_assert(sizeof(hbSysMem) == 24 && alignof(hbSysMem) == 8);
static_assert(offsetof(hbSysMem, phyAddr) == 0);
static_assert(offsetof(hbSysMem, virAddr) == 8);
static_assert(offsetof(hbSysMem, memSize) == 16);

static_assert(sizeof(hbDNNTensorShape) == 36 && alignof(hbDNNTensorShape) == 4);
static_assert(offsetof(hbDNNTensorShape, dimensionSize) == 0);
static_assert(offsetof(hbDNNTensorShape, numDimensions) == 32);

static_assert(sizeof(hbDNNQuantiShift) == 16 && alignof(hbDNNQuantiShift) == 8);
static_assert(offsetof(hbDNNQuantiShift, shiftLen) == 0);
static_assert(offsetof(hbDNNQuantiShift, shiftData) == 8);

static_assert(sizeof(hbDNNQuantiScale) == 32 && alignof(hbDNNQuantiScale) == 8);
static_assert(offsetof(hbDNNQuantiScale, scaleLen) == 0);
static_assert(offsetof(hbDNNQuantiScale, scaleData) == 8);
static_assert(offsetof(hbDNNQuantiScale, zeroPointLen) == 16);
static_assert(offsetof(hbDNNQuantiScale, zeroPointData) == 24);

static_assert(sizeof(hbDNNTensorProperties) == 176 && alignof(hbDNNTensorProperties) == 8);
static_assert(offsetof(hbDNNTensorProperties, validShape) == 0);
static_assert(offsetof(hbDNNTensorProperties, alignedShape) == 36);
static_assert(offsetof(hbDNNTensorProperties, tensorLayout) == 72);
static_assert(offsetof(hbDNNTensorProperties, tensorType) == 76);
static_assert(offsetof(hbDNNTensorProperties, shift) == 80);
static_assert(offsetof(hbDNNTensorProperties, scale) == 96);
static_assert(offsetof(hbDNNTensorProperties, quantiType) == 128);
static_assert(offsetof(hbDNNTensorProperties, quantizeAxis) == 132);
static_assert(offsetof(hbDNNTensorProperties, alignedByteSize) == 136);
static_assert(offsetof(hbDNNTensorProperties, stride) == 140);

static_assert(sizeof(hbDNNTensor) == 272 && alignof(hbDNNTensor) == 8);
static_assert(offsetof(hbDNNTensor, sysMem) == 0);
static_assert(offsetof(hbDNNTensor, properties) == 96);

static_assert(sizeof(hbDNNInferCtrlParam) == 32 && alignof(hbDNNInferCtrlParam) == 8);
static_assert(offsetof(hbDNNInferCtrlParam, bpuCoreId) == 0);
static_assert(offsetof(hbDNNInferCtrlParam, dspCoreId) == 4);
static_assert(offsetof(hbDNNInferCtrlParam, priority) == 8);
static_assert(offsetof(hbDNNInferCtrlParam, more) == 12);
static_assert(offsetof(hbDNNInferCtrlParam, customId) == 16);
static_assert(offsetof(hbDNNInferCtrlParam, reserved1) == 24);
static_assert(offsetof(hbDNNInferCtrlParam, reserved2) == 28);

static_assert(HB_DNN_TENSOR_TYPE_S8 == 8 && HB_DNN_TENSOR_TYPE_F32 == 13 && HB_DNN_TENSOR_TYPE_U64 == 18);
