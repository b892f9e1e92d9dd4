package dev.lockstep.cuda;

import dev.lockstep.natives.CudaSupport;
import dev.lockstep.natives.CudaSupport.Capability;
import dev.lockstep.natives.NativeLibraries;
import dev.lockstep.torch.Device;
import dev.lockstep.torch.EagerNorm;
import dev.lockstep.torch.NormKernels.Backward;
import dev.lockstep.torch.NormKernels.Forward;
import dev.lockstep.torch.NormKernels.Layer;
import dev.lockstep.torch.StepScope;
import dev.lockstep.torch.Tensors;
import dev.lockstep.torch.TorchRuntime;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.MemoryFormat;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Checks the kernels where there is no card, as a program: NVRTC compiles them for every kind of card, and g++ compiles them as
 * C++, whose results are compared with libtorch's in float64. One line for each check; exit code 1 if one fails.
 */
public final class KernelCheck {
    /** Of float32: the sums are of up to {@value #MOST_ROWS} numbers. */
    private static final double FLOAT_ERROR = 2e-5;

    /** Half a unit in the last place of bf16 is 1/512. */
    private static final double BF16_ERROR = 6e-3;

    /** What a few steps make of rounding in float32. */
    private static final double RUN_ERROR = 1e-3;

    private static final int MOST_ROWS = 60_000;

    /** n, channels, height, width: wide and narrow packs, several blocks across, few rows, many slices. */
    private static final long[][] SHAPES = {
        {4, 64, 14, 14},
        {2, 24, 7, 5},
        {3, 3, 9, 4},
        {2, 1024, 2, 3},
        {60, 16, 31, 32},
        {1, 7, 5, 1},
    };

    private boolean good = true;

    private KernelCheck() {}

    private static native int launch(long name, int blocksX, int blocksY, long job);

    /**
     * @param arguments {@code compile} for NVRTC, {@code host} for g++
     */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        KernelCheck check = new KernelCheck();
        TorchRuntime.load();
        if (Arrays.asList(arguments).contains("compile")) {
            check.compile();
        }
        if (Arrays.asList(arguments).contains("host")) {
            check.onHost();
        }
        System.out.flush();
        Runtime.getRuntime().halt(check.good ? 0 : 1);
    }

    private void say(boolean fine, String format, Object... words) {
        good &= fine;
        System.out.println((fine ? "good: " : "WRONG: ") + String.format(Locale.ROOT, format, words));
    }

    /** Bindings load the driver's library first. Where there is none, an empty one stands for it: nothing of it is called. */
    private static void standInForTheDriver() throws IOException, InterruptedException {
        if (Driver.ofThisMachine().isThere()) {
            return;
        }
        Path folder = Files.createTempDirectory("lockstep-driver-");
        Path source = Files.writeString(folder.resolve("empty.cpp"), "");
        Path library = folder.resolve(Driver.LIBRARY);
        try {
            build(library, "-Wl,-soname," + Driver.LIBRARY, source.toString());
            System.load(library.toString());
        } finally {
            Files.deleteIfExists(source);
            Files.deleteIfExists(library);
            Files.deleteIfExists(folder);
        }
    }

    private void compile() throws IOException, InterruptedException {
        if (!NativeLibraries.isForGpus()) {
            say(false, "this process has no CUDA libraries");
            return;
        }
        standInForTheDriver();
        say(Nccl.version() / 10_000 == 2, "NCCL %s answers", Versions.text(Nccl.version()));
        say(!Arrays.equals(Nccl.newId(), Nccl.newId()), "NCCL makes identifiers");
        List<Capability> all = new ArrayList<>(CudaSupport.builtFor());
        all.add(new Capability(8, 9));
        for (Capability capability : all) {
            byte[] module = KernelSource.compile(capability.architecture());
            String text = new String(module, StandardCharsets.ISO_8859_1);
            boolean whole = text.startsWith("\u007fELF")
                    && text.contains("forward_sums_bf16_8")
                    && text.contains("backward_apply_float_4")
                    && text.contains("backward_finish");
            say(whole, "kernels for %s: %d bytes", capability.architecture(), module.length);
        }
    }

    private void onHost() throws IOException, InterruptedException {
        Path folder = Files.createTempDirectory("lockstep-kernels-");
        try {
            System.load(compiled(folder).toString());
            FusedNorm fused = new FusedNorm(KernelCheck::launchOnHost);
            for (long[] shape : SHAPES) {
                for (boolean isBf16 : new boolean[] {false, true}) {
                    for (int addendAndRelu = 0; addendAndRelu < 3; addendAndRelu++) {
                        try (StepScope scope = new StepScope()) {
                            compare(fused, shape, isBf16, addendAndRelu == 2, addendAndRelu > 0);
                        }
                    }
                }
            }
            for (String model : List.of("resnet20", "resnet50")) {
                train(model, fused);
            }
        } finally {
            for (String name : List.of("batch_norm.cu", "host_kernels.cpp", "libkernels.so")) {
                Files.deleteIfExists(folder.resolve(name));
            }
            Files.deleteIfExists(folder);
        }
    }

    /** A whole run: every batch norm of a network is these kernels. */
    private void train(String model, FusedNorm fused) throws IOException {
        KernelRun run = new KernelRun(model);
        double plain = run.distance(Device.cpu());
        double kernels = run.distance(KernelRun.onCpu(fused));
        say(
                kernels < RUN_ERROR && plain < RUN_ERROR && kernels != plain,
                "training of %s: %.1e of |w| from float64, with libtorch's batch norm %.1e",
                model,
                kernels,
                plain);
    }

    private static Path compiled(Path folder) throws IOException, InterruptedException {
        for (String name : List.of(KernelSource.NAME, "host_kernels.cpp")) {
            try (InputStream in = KernelCheck.class.getResourceAsStream(name)) {
                Files.copy(in, folder.resolve(name));
            }
        }
        Path library = folder.resolve("libkernels.so");
        build(
                library,
                "-std=c++17",
                "-O2",
                "-ffp-contract=off",
                "-Wall",
                "-Wno-maybe-uninitialized",
                folder.resolve("host_kernels.cpp").toString());
        return library;
    }

    private static void build(Path library, String... options) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("g++", "-shared", "-fPIC", "-o", library.toString()));
        command.addAll(List.of(options));
        Process compiler = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.INHERIT)
                .start();
        if (compiler.waitFor() != 0) {
            throw new IOException("g++ fails: " + String.join(" ", command));
        }
    }

    private static void launchOnHost(String kernel, int blocksX, int blocksY, long[] job) {
        try (BytePointer name = new BytePointer(kernel);
                LongPointer argument = new LongPointer(job)) {
            if (launch(name.address(), blocksX, blocksY, argument.address()) != 0) {
                throw new IllegalStateException("kernel = " + kernel + ": there is none");
            }
        }
    }

    private static Tensor random(long[] shape, double mean, ScalarType type) {
        return torch.randn(shape)
                .add(new Scalar(mean))
                .contiguous(MemoryFormat.ChannelsLast)
                .to(type);
    }

    private static Layer layer(long channels, ScalarType type) {
        return new Layer(
                torch.randn(channels).to(type),
                torch.randn(channels).to(type),
                torch.zeros(channels).to(type),
                torch.zeros(channels).to(type),
                torch.zeros(channels).to(type),
                torch.zeros(channels).to(type),
                1e-5);
    }

    private static Layer inDouble(Layer layer) {
        ScalarType type = ScalarType.Double;
        return new Layer(
                layer.gamma().to(type),
                layer.beta().to(type),
                layer.gammaGradient().to(type),
                layer.betaGradient().to(type),
                layer.mean().to(type),
                layer.variance().to(type),
                layer.epsilon());
    }

    /** What the kernels give, and what libtorch gives in float64 for the same numbers. */
    private void compare(FusedNorm fused, long[] shape, boolean isBf16, boolean hasAddend, boolean rectified) {
        ScalarType type = isBf16 ? ScalarType.BFloat16 : ScalarType.Float;
        Tensor x = random(shape, 3, type);
        Tensor addend = hasAddend ? random(shape, 0, type) : null;
        Tensor dy = random(shape, 0, type);
        Layer layer = layer(shape[1], ScalarType.Float);
        Layer exact = inDouble(layer);
        Forward forward = fused.forward(layer, x, addend, rectified);
        Backward backward = fused.backward(layer, dy, x, forward, hasAddend, rectified);
        Forward again = fused.forward(layer, x, addend, rectified);
        EagerNorm eager = new EagerNorm();
        Forward expected = eager.forward(exact, doubled(x), addend == null ? null : doubled(addend), rectified);
        // Backward of the kernels passes exactly where their own output is positive: rounding decides at the border.
        Tensor masked =
                rectified ? doubled(dy).mul(forward.output().gt(new Scalar(0.0)).to(ScalarType.Double)) : doubled(dy);
        Backward gradients = eager.backward(exact, masked, doubled(x), expected, hasAddend, false);
        double most = isBf16 ? BF16_ERROR : FLOAT_ERROR;
        double[] errors = {
            error(forward.output(), expected.output()),
            error(layer.mean(), exact.mean()),
            error(layer.variance(), exact.variance()),
            error(backward.input(), gradients.input()),
            hasAddend ? error(backward.addend(), masked) : 0,
            error(layer.gammaGradient(), exact.gammaGradient()),
            error(layer.betaGradient(), exact.betaGradient()),
        };
        boolean repeats = torch.equal(forward.output(), again.output());
        double worst = Arrays.stream(errors).max().orElse(0);
        // Statistics are float32 whatever the input is.
        boolean fine = worst <= most && errors[1] <= FLOAT_ERROR && errors[2] <= FLOAT_ERROR && repeats;
        say(
                fine && mustNotHideNaN(fused, shape, type, rectified),
                "%s %s%s%s: largest error %.1e of the largest number, output %s",
                Arrays.toString(shape),
                isBf16 ? "bf16" : "float32",
                hasAddend ? " + addend" : "",
                rectified ? " + ReLU" : "",
                worst,
                repeats ? "repeats" : "does not repeat");
    }

    private static boolean mustNotHideNaN(FusedNorm fused, long[] shape, ScalarType type, boolean rectified) {
        Tensor x = random(shape, 0, type);
        x.select(0, 0).select(0, 0).select(0, 0).select(0, 0).fill_(new Scalar(Double.NaN));
        Tensor output = fused.forward(layer(shape[1], ScalarType.Float), x, null, rectified)
                .output();
        return !Tensors.isFinite(output.to(ScalarType.Float));
    }

    private static Tensor doubled(Tensor tensor) {
        return tensor.to(ScalarType.Double);
    }

    private static double error(Tensor found, Tensor expected) {
        double[] a = Tensors.toDoubles(found.to(ScalarType.Double));
        double[] b = Tensors.toDoubles(expected);
        double most = 0;
        double scale = 1e-3;
        for (int i = 0; i < a.length; i++) {
            most = Math.max(most, Double.isNaN(a[i]) ? Double.POSITIVE_INFINITY : Math.abs(a[i] - b[i]));
            scale = Math.max(scale, Math.abs(b[i]));
        }
        return most / scale;
    }
}
