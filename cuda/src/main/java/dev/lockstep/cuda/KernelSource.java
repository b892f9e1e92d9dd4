package dev.lockstep.cuda;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.bytedeco.cuda.global.nvrtc;
import org.bytedeco.cuda.nvrtc._nvrtcProgram;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerPointer;
import org.bytedeco.javacpp.SizeTPointer;

/** The kernels of this module, and their compilation by NVRTC, which needs neither a card nor a driver. */
final class KernelSource {
    static final String NAME = "batch_norm.cu";

    /** Without contracting a product and a sum: bits follow the source, whatever the compiler does. */
    private static final List<String> OPTIONS = List.of("--std=c++17", "--fmad=false");

    private KernelSource() {}

    static String text() {
        try (InputStream in = KernelSource.class.getResourceAsStream(NAME)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Compiles the kernels.
     *
     * @param architecture such as {@code sm_90}
     * @return a module as the driver loads it
     * @throws IllegalStateException with the compiler's first words
     */
    static byte[] compile(String architecture) {
        String[] options = new String[OPTIONS.size() + 1];
        options[0] = "--gpu-architecture=" + architecture;
        for (int i = 0; i < OPTIONS.size(); i++) {
            options[i + 1] = OPTIONS.get(i);
        }
        try (_nvrtcProgram program = new _nvrtcProgram();
                BytePointer source = new BytePointer(text());
                BytePointer name = new BytePointer(NAME);
                PointerPointer<BytePointer> arguments = new PointerPointer<>(options);
                SizeTPointer size = new SizeTPointer(1)) {
            check(
                    nvrtc.nvrtcCreateProgram(
                            program, source, name, 0, (PointerPointer<?>) null, (PointerPointer<?>) null),
                    "nvrtcCreateProgram");
            try {
                int code = nvrtc.nvrtcCompileProgram(program, options.length, arguments);
                if (code != nvrtc.NVRTC_SUCCESS) {
                    throw new IllegalStateException("NVRTC cannot compile " + NAME + " for " + architecture + ": "
                            + log(program).strip().lines().findFirst().orElse("code " + code));
                }
                check(nvrtc.nvrtcGetCUBINSize(program, size), "nvrtcGetCUBINSize");
                byte[] module = new byte[Math.toIntExact(size.get())];
                check(nvrtc.nvrtcGetCUBIN(program, module), "nvrtcGetCUBIN");
                return module;
            } finally {
                nvrtc.nvrtcDestroyProgram(program);
            }
        }
    }

    private static String log(_nvrtcProgram program) {
        try (SizeTPointer size = new SizeTPointer(1)) {
            check(nvrtc.nvrtcGetProgramLogSize(program, size), "nvrtcGetProgramLogSize");
            byte[] text = new byte[Math.toIntExact(size.get())];
            check(nvrtc.nvrtcGetProgramLog(program, text), "nvrtcGetProgramLog");
            return new String(text, StandardCharsets.UTF_8);
        }
    }

    private static void check(int code, String function) {
        if (code != nvrtc.NVRTC_SUCCESS) {
            throw new IllegalStateException(
                    function + ": " + nvrtc.nvrtcGetErrorString(code).getString() + " (" + code + ")");
        }
    }
}
