// Batch norm with the sum and the ReLU behind it, forward and backward, of n x height x width positions with their channels side
// by side in memory ("channels last"). Compiled for the card of a run by NVRTC. The order of all additions follows from the sizes
// alone, so that repeats have the same bits; no atomic additions.
//
// No value in a register lives across a barrier: between two barriers, all of a block's threads can as well be computed one after
// another. That is how the evidence compiles this file as C++ and compares it with libtorch: EACH_THREAD is a loop there.
#ifndef LOCKSTEP_HOST
#define KERNEL extern "C" __global__ void __launch_bounds__(256)
#define FUNCTION static __device__ __forceinline__
#define SHARED __shared__
#define BARRIER() __syncthreads()
#define EACH_THREAD(t) for (int t = (int)threadIdx.x, once = 1; once; once = 0)
#define BLOCK_X ((int)blockIdx.x)
#define BLOCK_Y ((int)blockIdx.y)
#endif

#define THREADS 256
#define LANES 8

// The arguments of every kernel; each field has 8 bytes.
struct Job {
    const void* x;         // input, rows x channels
    const void* dy;        // gradient of the output
    const void* y;         // output, as forward wrote it
    const void* addend;    // null for none
    void* out;             // what the kernel writes, rows x channels
    void* masked;          // backward with an addend: the gradient behind the ReLU, rows x channels
    const float* gamma;
    const float* beta;
    float* saved;          // 2 x channels: mean, 1 / standard deviation
    float* mean;           // statistics of the batch
    float* variance;       // unbiased
    float* dgamma;
    float* dbeta;
    float* partial;        // slices x 2 x channels
    long long rows;
    long long channels;
    long long slices;      // parts of the rows that are summed apart
    long long packs;       // packs of channels side by side in a block, a power of two
    double epsilon;
    long long rectified;   // whether a ReLU follows
};

typedef unsigned short bf16;

FUNCTION float number(float value) { return value; }

FUNCTION float number(bf16 value) { return __uint_as_float((unsigned)value << 16); }

FUNCTION void put(float* place, float value) { *place = value; }

// To the nearest; of two equally near ones, the even one.
FUNCTION void put(bf16* place, float value) {
    unsigned bits = __float_as_uint(value);
    *place = value != value ? (bf16)((bits >> 16) | 64) : (bf16)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

// Channels that one thread reads and writes at once.
template <typename T, int V> struct alignas(sizeof(T) * V) Pack {
    T v[V];
};

template <typename T, int V> FUNCTION Pack<T, V> load(const void* from, long long index) {
    return ((const Pack<T, V>*)from)[index];
}

template <typename T, int V> FUNCTION void store(void* to, long long index, const Pack<T, V>& pack) {
    ((Pack<T, V>*)to)[index] = pack;
}

// The output before the ReLU: backward computes it again rather than reading it, and must get the same.
FUNCTION float normalized(float x, float mean, float scale, float beta) { return fmaf(x - mean, scale, beta); }

// Two sums for each channel of a slice of the rows: in forward of x - c and (x - c)^2, where c is the value in the first row; in
// backward of the gradient g behind the ReLU and of g (x - mean) / deviation.
template <typename T, int V, bool BACKWARD> FUNCTION void sums(const Job& job) {
    SHARED float part[2][THREADS * V];
    const int packs = (int)job.packs;
    const int rows = THREADS / packs;
    const long long across = job.channels / V;
    const long long begin = job.rows * BLOCK_Y / job.slices;
    const long long end = job.rows * (BLOCK_Y + 1) / job.slices;
    EACH_THREAD(t) {
        const long long pack = (long long)BLOCK_X * packs + t % packs;
        float a[V], b[V];
        for (int v = 0; v < V; v++) {
            a[v] = 0;
            b[v] = 0;
        }
        if (pack < across) {
            float mean[V], deviation[V], scale[V], beta[V];
            const Pack<T, V> first = load<T, V>(job.x, pack);
            for (int v = 0; v < V; v++) {
                const long long c = pack * V + v;
                mean[v] = BACKWARD ? job.saved[c] : number(first.v[v]);
                deviation[v] = BACKWARD ? job.saved[job.channels + c] : 0;
                scale[v] = BACKWARD ? job.gamma[c] * deviation[v] : 0;
                beta[v] = BACKWARD ? job.beta[c] : 0;
            }
            for (long long r = begin + t / packs; r < end; r += rows) {
                const long long at = r * across + pack;
                const Pack<T, V> x = load<T, V>(job.x, at);
                if (!BACKWARD) {
                    for (int v = 0; v < V; v++) {
                        const float d = number(x.v[v]) - mean[v];
                        a[v] += d;
                        b[v] = fmaf(d, d, b[v]);
                    }
                    continue;
                }
                Pack<T, V> g = load<T, V>(job.dy, at);
                if (job.addend != 0 && job.rectified) {
                    const Pack<T, V> y = load<T, V>(job.y, at);
                    for (int v = 0; v < V; v++) {
                        if (number(y.v[v]) <= 0) {
                            put(&g.v[v], 0);
                        }
                    }
                } else if (job.rectified) {
                    for (int v = 0; v < V; v++) {
                        if (normalized(number(x.v[v]), mean[v], scale[v], beta[v]) <= 0) {
                            put(&g.v[v], 0);
                        }
                    }
                }
                if (job.addend != 0) {
                    store<T, V>(job.masked, at, g);
                }
                for (int v = 0; v < V; v++) {
                    a[v] += number(g.v[v]);
                    b[v] = fmaf(number(g.v[v]), (number(x.v[v]) - mean[v]) * deviation[v], b[v]);
                }
            }
        }
        for (int v = 0; v < V; v++) {
            part[0][t * V + v] = a[v];
            part[1][t * V + v] = b[v];
        }
    }
    BARRIER();
    EACH_THREAD(t) {
        for (int k = t; k < packs * V; k += THREADS) {
            const long long c = (long long)BLOCK_X * packs * V + k;
            if (c < job.channels) {
                float a = 0, b = 0;
                for (int r = 0; r < rows; r++) {
                    a += part[0][r * packs * V + k];
                    b += part[1][r * packs * V + k];
                }
                job.partial[(2 * BLOCK_Y) * job.channels + c] = a;
                job.partial[(2 * BLOCK_Y + 1) * job.channels + c] = b;
            }
        }
    }
}

// Adds the sums of all slices: 32 channels in a block, each by 8 threads.
template <typename T, bool BACKWARD> FUNCTION void finish(const Job& job) {
    SHARED double part[2][THREADS];
    EACH_THREAD(t) {
        const long long c = (long long)BLOCK_X * (THREADS / LANES) + t % (THREADS / LANES);
        double a = 0, b = 0;
        if (c < job.channels) {
            for (long long s = t / (THREADS / LANES); s < job.slices; s += LANES) {
                a += job.partial[(2 * s) * job.channels + c];
                b += job.partial[(2 * s + 1) * job.channels + c];
            }
        }
        part[0][t] = a;
        part[1][t] = b;
    }
    BARRIER();
    EACH_THREAD(t) {
        const long long c = (long long)BLOCK_X * (THREADS / LANES) + t;
        if (t < THREADS / LANES && c < job.channels) {
            double a = 0, b = 0;
            for (int lane = 0; lane < LANES; lane++) {
                a += part[0][lane * (THREADS / LANES) + t];
                b += part[1][lane * (THREADS / LANES) + t];
            }
            if (BACKWARD) {
                job.dbeta[c] = (float)a;
                job.dgamma[c] = (float)b;
            } else {
                const double n = (double)job.rows;
                const double shift = a / n;
                // A comparison that lets what is not a number pass.
                double variance = b / n - shift * shift;
                variance = variance < 0 ? 0 : variance;
                const float mean = (float)(number(((const T*)job.x)[c]) + shift);
                job.saved[c] = mean;
                job.saved[job.channels + c] = (float)(1 / sqrt(variance + job.epsilon));
                job.mean[c] = mean;
                job.variance[c] = (float)(variance * n / (n - 1));
            }
        }
    }
}

// Writes the output, or the gradient of the input.
template <typename T, int V, bool BACKWARD> FUNCTION void apply(const Job& job) {
    const int packs = (int)job.packs;
    const int rows = THREADS / packs;
    const long long across = job.channels / V;
    const long long begin = job.rows * BLOCK_Y / job.slices;
    const long long end = job.rows * (BLOCK_Y + 1) / job.slices;
    EACH_THREAD(t) {
        const long long pack = (long long)BLOCK_X * packs + t % packs;
        if (pack < across) {
            float mean[V], scale[V], beta[V], one[V], two[V];
            for (int v = 0; v < V; v++) {
                const long long c = pack * V + v;
                const float deviation = job.saved[job.channels + c];
                mean[v] = job.saved[c];
                scale[v] = job.gamma[c] * deviation;
                beta[v] = job.beta[c];
                one[v] = BACKWARD ? job.dbeta[c] / (float)job.rows : 0;
                two[v] = BACKWARD ? job.dgamma[c] * deviation / (float)job.rows : 0;
            }
            for (long long r = begin + t / packs; r < end; r += rows) {
                const long long at = r * across + pack;
                const Pack<T, V> x = load<T, V>(job.x, at);
                Pack<T, V> out;
                if (BACKWARD) {
                    const Pack<T, V> g = load<T, V>(job.addend != 0 ? job.masked : job.dy, at);
                    for (int v = 0; v < V; v++) {
                        const float d = number(x.v[v]) - mean[v];
                        float own = number(g.v[v]);
                        if (job.addend == 0 && job.rectified
                            && normalized(number(x.v[v]), mean[v], scale[v], beta[v]) <= 0) {
                            own = 0;
                        }
                        put(&out.v[v], scale[v] * (own - one[v] - d * two[v]));
                    }
                } else {
                    Pack<T, V> addend;
                    if (job.addend != 0) {
                        addend = load<T, V>(job.addend, at);
                    }
                    for (int v = 0; v < V; v++) {
                        float value = normalized(number(x.v[v]), mean[v], scale[v], beta[v]);
                        if (job.addend != 0) {
                            value += number(addend.v[v]);
                        }
                        // What is not a number stays that: a run that diverges must see it.
                        put(&out.v[v], job.rectified && value < 0 ? 0 : value);
                    }
                }
                store<T, V>(job.out, at, out);
            }
        }
    }
}

#define ALL(name, T, V)                                                                  \
    KERNEL forward_sums_##name(Job job) { sums<T, V, false>(job); }                      \
    KERNEL forward_apply_##name(Job job) { apply<T, V, false>(job); }                    \
    KERNEL backward_sums_##name(Job job) { sums<T, V, true>(job); }                      \
    KERNEL backward_apply_##name(Job job) { apply<T, V, true>(job); }

ALL(float_4, float, 4)
ALL(float_1, float, 1)
ALL(bf16_8, bf16, 8)
ALL(bf16_1, bf16, 1)

KERNEL forward_finish_float(Job job) { finish<float, false>(job); }
KERNEL forward_finish_bf16(Job job) { finish<bf16, false>(job); }
KERNEL backward_finish(Job job) { finish<float, true>(job); }
