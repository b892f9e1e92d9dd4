package dev.lockstep.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.cuda.Cards.Card;
import dev.lockstep.errors.LockstepException;
import java.util.List;
import java.util.Properties;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RequirementsTest {
    private static final Driver NONE = new Driver("", "", 0);
    private static final Driver NEW = new Driver("/usr/lib/libcuda.so.1", "580.82.07", 1);
    private static final Card H100 = new Card("NVIDIA H100 80GB HBM3", 9, 0, 80L << 30, "ab");

    private static Properties properties(String extension) {
        Properties properties = new Properties();
        properties.setProperty(Requirements.EXTENSION, extension);
        return properties;
    }

    private static Cards cards(int driver, String error, Card... cards) {
        return new Cards(driver, 13030, error, List.of(cards));
    }

    private static String line(Requirements requirements) {
        return requirements
                .failure("cuda")
                .map(failure -> {
                    assertThat(failure.kind()).isEqualTo(LockstepException.Kind.RECIPE);
                    return failure.getMessage();
                })
                .orElse("");
    }

    @Test
    void cpuLibraries_areNamed() {
        assertThat(line(Requirements.beforeLoading(NEW, new Properties())))
                .isEqualTo("this process uses libtorch for the CPU, --device = cuda,"
                        + " org.bytedeco.javacpp.platform.extension = '', start with the launcher: lockstep train --device"
                        + " cuda");
    }

    @Test
    void noDriver_isSaidBeforeAnythingIsLoaded() {
        assertThat(line(Requirements.beforeLoading(NONE, properties("-gpu"))))
                .isEqualTo(
                        "there is no NVIDIA driver, --device = cuda, libcuda.so.1 = not found, install the driver 580 or"
                                + " newer, until nvidia-smi works, or use --device cpu");
        assertThat(line(Requirements.beforeLoading(NEW, properties("-gpu")))).isEmpty();
    }

    @Test
    void oldDriver_isNamedWithItsVersion() {
        assertThat(line(Requirements.ofCards(cards(12040, "", H100), new Driver("x", "550.54", 1), 0)))
                .isEqualTo(
                        "the NVIDIA driver is too old, --device = cuda, driver = 550.54, its CUDA = 12.4, needed = 13.0,"
                                + " install the driver 580 or newer, or use --device cpu");
        assertThat(line(Requirements.ofCards(cards(0, "CUDA driver version is insufficient"), NEW, 0)))
                .startsWith("the NVIDIA driver does not answer");
    }

    @Test
    void noCard_saysWhatCudaSays() {
        assertThat(line(Requirements.ofCards(cards(13000, "no CUDA-capable device is detected"), NEW, 0)))
                .startsWith(
                        "CUDA finds no card: no CUDA-capable device is detected, --device = cuda, driver = 580.82.07,"
                                + " CUDA_VISIBLE_DEVICES = ");
    }

    @Test
    void cardBeyondTheLast_isRefused() {
        assertThat(line(Requirements.ofCards(cards(13000, "", H100, H100), NEW, 2)))
                .isEqualTo("there is no such card, --device = cuda, device = cuda:2, cards = 2, use cuda:0 to cuda:1");
        assertThat(line(Requirements.ofCards(cards(13000, "", H100, H100), NEW, 1)))
                .isEmpty();
    }

    /** Native code runs on later minor versions of its major version, and there is nothing to translate for others. */
    @ParameterizedTest
    @CsvSource({
        "7, 5, true",
        "8, 0, true",
        "8, 6, true",
        "8, 9, true",
        "9, 0, true",
        "10, 0, true",
        "10, 3, true",
        "12, 0, true",
        "12, 1, true",
        "7, 0, false",
        "6, 1, false",
        "11, 0, false",
        "13, 0, false"
    })
    void architecture_isSupported(int major, int minor, boolean supported) {
        Requirements found = Requirements.ofCards(cards(13000, "", new Card("X", major, minor, 1, "ab")), NEW, 0);
        assertThat(found.missing().isEmpty()).isEqualTo(supported);
        if (!supported) {
            assertThat(line(found))
                    .isEqualTo("libtorch has no code for this card, --device = cuda, device = cuda:0, card = X (sm_"
                            + major
                            + minor
                            + "), built for = sm_75, sm_80, sm_90, sm_100, sm_120, use another card, or --device"
                            + " cpu");
        }
    }

    @Test
    void mixedLibraries_areRefused() {
        LoadedLibraries mixed = LoadedLibraries.parse(List.of(
                "7f00 r-xp 0 08:01 1   /cache/gpu.jar/libtorch_cpu.so",
                "7f01 r-xp 0 08:01 2   /cache/cpu.jar/libc10.so",
                "7f02 r-xp 0 08:01 3   /cache/gpu.jar/libtorch_cuda.so",
                "7f03 r-xp 0 08:01 3   /usr/lib/libtorchless.so",
                "7f04 rw-p 0 00:00 0"));
        assertThat(line(Requirements.afterLoading(mixed)))
                .isEqualTo("libraries of two builds of libtorch are mixed, --device = cuda, folders = /cache/cpu.jar,"
                        + " /cache/gpu.jar, have one of the JARs of pytorch for linux-x86_64 and linux-x86_64-gpu on the class"
                        + " path");
    }

    @Test
    void cpuBuild_isRefused() {
        LoadedLibraries cpu = LoadedLibraries.parse(List.of(
                "7 r 0 8 1 /cache/cpu.jar/libtorch_cpu.so", "7 r 0 8 1 /cache/cpu.jar/libtorch_cuda_linalg.so"));
        assertThat(line(Requirements.afterLoading(cpu)))
                .isEqualTo(
                        "libtorch for the CPU was loaded, --device = cuda, libtorch_cuda.so = not loaded, run 'lockstep"
                                + " gpu-setup', then start with the launcher");
    }

    @Test
    void gpuBuild_passes() {
        LoadedLibraries gpu = LoadedLibraries.parse(List.of(
                "7 r 0 8 1 /cache/gpu.jar/libtorch_cpu.so",
                "7 r 0 8 1 /cache/gpu.jar/libtorch_cuda.so",
                "7 r 0 8 1 /cache/gpu.jar/libc10_cuda.so",
                "7 r 0 8 1 /cache/gpu.jar/libjnitorch.so",
                "7 r 0 8 1 /other/libopenblas.so.0"));
        assertThat(gpu.torchFolders()).containsExactly("/cache/gpu.jar");
        assertThat(line(Requirements.afterLoading(gpu))).isEmpty();
    }

    /** The process of this test has libtorch for the CPU. */
    @Test
    void ownProcess_isRefused() {
        dev.lockstep.torch.TorchRuntime.load();
        assertThat(LoadedLibraries.ofThisProcess().torchFolders()).hasSize(1);
        assertThat(line(Requirements.afterLoading(LoadedLibraries.ofThisProcess())))
                .startsWith("libtorch for the CPU was loaded");
        assertThatThrownBy(() -> new CudaProvider().open(-1, 0))
                .isInstanceOf(LockstepException.class)
                .hasMessageStartingWith("this process uses libtorch for the CPU, --device = cuda, ");
    }

    @Test
    void processes_shareCardsOnlyWhereTheyMust() {
        Cards two = cards(13000, "", H100, H100);
        assertThat(List.of(two.indexFor(0), two.indexFor(1), two.indexFor(2))).containsExactly(0, 1, 0);
    }
}
