package dev.lockstep.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class TradeOffTest {
    @Test
    void sentence_critical900At2048_spends33TimesTheImages() {
        assertThat(new TradeOff(900).sentence(2048))
                .startsWith(
                        "gradient noise scale: critical minibatch about 900 images; your 2048 spends 3.3 × the images")
                .endsWith("1.4 × the steps of an endless one");
    }

    @Test
    void sentence_roughEstimates_keepTwoDigits() {
        assertThat(new TradeOff(87_654.3).sentence(64))
                .contains("about 88000 images")
                .contains("1400 × the steps");
        assertThat(new TradeOff(0.2).sentence(64)).contains("about 1 images");
    }

    @Test
    void stepsAndImages_atTheCriticalMinibatch_areTwiceTheirLeast() {
        TradeOff tradeOff = new TradeOff(500);

        assertThat(tradeOff.steps(500)).isEqualTo(2);
        assertThat(tradeOff.images(500)).isEqualTo(2);
        assertThat(tradeOff.steps(1e12)).isCloseTo(1, within(1e-6));
        assertThat(tradeOff.images(1e-6)).isCloseTo(1, within(1e-6));
    }

    @Test
    void new_noScale_isRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> new TradeOff(Double.NaN));
        assertThatIllegalArgumentException().isThrownBy(() -> new TradeOff(0));
        assertThatIllegalArgumentException().isThrownBy(() -> new TradeOff(Double.POSITIVE_INFINITY));
    }
}
