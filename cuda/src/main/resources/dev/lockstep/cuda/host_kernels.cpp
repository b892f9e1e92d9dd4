// The kernels as C++, so that their arithmetic can be checked without a card: one thread computes all threads of all blocks, one
// after another, between two barriers. KernelCheck compiles it together with batch_norm.cu.
#include <cmath>
#include <cstring>
#define LOCKSTEP_HOST
#define KERNEL static void
#define FUNCTION static inline
#define SHARED static thread_local
#define BARRIER()
#define EACH_THREAD(t) for (int t = 0; t < 256; t++)
#define BLOCK_X block_x
#define BLOCK_Y block_y

static thread_local int block_x, block_y;

static inline float __uint_as_float(unsigned bits) {
    float value;
    std::memcpy(&value, &bits, 4);
    return value;
}

static inline unsigned __float_as_uint(float value) {
    unsigned bits;
    std::memcpy(&bits, &value, 4);
    return bits;
}

using std::fmaf;
using std::sqrt;
#include "batch_norm.cu"

#define KERNELS(name) {"forward_sums_" #name, forward_sums_##name}, {"forward_apply_" #name, forward_apply_##name}, \
                      {"backward_sums_" #name, backward_sums_##name}, {"backward_apply_" #name, backward_apply_##name}

static const struct {
    const char* name;
    void (*function)(Job);
} kernels[] = {
    KERNELS(float_4), KERNELS(float_1), KERNELS(bf16_8), KERNELS(bf16_1),
    {"forward_finish_float", forward_finish_float},
    {"forward_finish_bf16", forward_finish_bf16},
    {"backward_finish", backward_finish},
};

// As JNI calls it, whose own two arguments it does not need. The name of the kernel is at an address.
extern "C" int Java_dev_lockstep_cuda_KernelCheck_launch(void*, void*, long name, int blocksX, int blocksY, long job) {
    for (const auto& kernel : kernels) {
        if (std::strcmp(kernel.name, (const char*)name) == 0) {
            // Blocks run in no order on a card; here from last to first.
            for (block_y = blocksY - 1; block_y >= 0; block_y--) {
                for (block_x = blocksX - 1; block_x >= 0; block_x--) {
                    kernel.function(*(const Job*)job);
                }
            }
            return 0;
        }
    }
    return 1;
}
