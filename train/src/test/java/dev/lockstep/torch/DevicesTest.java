package dev.lockstep.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.errors.LockstepException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DevicesTest {
    /** Opens nothing: remembers what it is asked for. */
    private static final class Recorder implements DeviceProvider {
        final List<String> opened = new ArrayList<>();
        private final String missing;

        Recorder(String missing) {
            this.missing = missing;
        }

        @Override
        public String kind() {
            return "cuda";
        }

        @Override
        public Optional<LockstepException> missing(String name) {
            return Optional.of(missing)
                    .filter(why -> !why.isEmpty())
                    .map(why -> LockstepException.recipe(why, "--device = " + name, "add it"));
        }

        @Override
        public Device open(int index, int localRank) {
            opened.add(index + " for " + localRank);
            return Device.cpu();
        }

        @Override
        public int count() {
            return 2;
        }
    }

    @ParameterizedTest
    @CsvSource({"cuda, -1 for 3", "cuda:0, 0 for 3", "cuda:12, 12 for 3", "auto, -1 for 3"})
    void name_opensTheCard(String name, String opened) {
        Recorder provider = new Recorder("");
        Devices.choose(name, 3, Optional.of(provider));
        assertThat(provider.opened).containsExactly(opened);
    }

    @Test
    void cpu_opensNoCard() {
        Recorder provider = new Recorder("");
        Devices.Choice choice = Devices.choose("cpu", 0, Optional.of(provider));
        assertThat(provider.opened).isEmpty();
        assertThat(choice.device()).isSameAs(Device.cpu());
        assertThat(choice.why()).isEmpty();
    }

    @Test
    void auto_saysWhyItTookTheCpu() {
        Recorder provider = new Recorder("there is no NVIDIA driver");
        assertThat(Devices.choose("auto", 0, Optional.of(provider)).why())
                .contains("device = cpu, because there is no NVIDIA driver");
        assertThat(provider.opened).isEmpty();
        assertThat(Devices.choose("auto", 0, Optional.empty()).why())
                .contains("device = cpu, because lockstep-cuda is not on the class path");
    }

    @Test
    void auto_saysWhyItTookACard() {
        assertThat(Devices.choose("auto", 0, Optional.of(new Recorder("")))
                        .why()
                        .orElseThrow())
                .startsWith("device = cpu, because lockstep-cuda and a card are there: ");
    }

    @Test
    void cuda_withoutTheModule_isNeverTheCpu() {
        assertThatThrownBy(() -> Devices.choose("cuda:1", 0, Optional.empty()))
                .isInstanceOf(LockstepException.class)
                .hasMessage("lockstep-cuda is not on the class path, --device = cuda:1, start with the launcher after"
                        + " 'lockstep gpu-setup', or use --device cpu");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "gpu", "cuda:", "cuda:x", "cuda:-1", "cuda:1000", "cpu:0", "CUDA"})
    void name_ofNoDevice_isRefused(String name) {
        assertThatThrownBy(() -> Devices.check(name))
                .isInstanceOf(LockstepException.class)
                .hasMessageContaining("no such device");
    }
}
