package dev.lockstep.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class VerifyTableTest {
    private static final String ONE = "1".repeat(64);
    private static final String TWO = "2".repeat(64);

    private final VerifyTable table = new VerifyTable(12);

    @Test
    void equalRuns_areGood() {
        table.addTree(1, 1, "straight", ONE);
        assertThat(table.addTree(2, 1, "straight", ONE)).contains("tree", "same", "1111111111111111 ");
        assertThat(table.addNative(4, 1, TWO, 2e-6)).contains("native", "rounding", "2.0e-06 of |w| from float64");
        table.distance(3e-6);
        assertThat(table.isGood()).isTrue();
        assertThat(table.conclusion()).isEqualTo("""
            distance to a float64 computation of the same 12 steps: 3.0e-06 of |w|
            the weights are the same, bit by bit, in every run of the tree collective\
            """);
        assertThat(table.toJson()).contains("\"bitwise\":true", "\"verdict\":\"rounding\",\"distance\":2.0E-6");
    }

    @Test
    void heading_namesEveryColumn() {
        assertThat(table.heading("fashion").lines())
                .hasSize(2)
                .last()
                .asString()
                .matches("procs +lanes +collective" + " +verdict +weights +run");
    }

    @Test
    void differentBits_areNotGood() {
        table.addTree(1, 1, "straight", ONE);
        assertThat(table.addTree(1, 2, "killed", TWO)).contains("DIFFERENT");
        table.distance(1e-6);
        assertThat(table.isGood()).isFalse();
        assertThat(table.conclusion()).contains("THE WEIGHTS DIFFER");
    }

    @Test
    void distanceBeyondRounding_isNotGoodAndSaysWhy() {
        table.addTree(1, 1, "straight", ONE);
        table.distance(Double.NaN);
        assertThat(table.isGood()).isFalse();
        assertThat(table.conclusion()).contains("bit by bit", "THE WEIGHTS ARE NOT NUMBERS");
        table.distance(0.02);
        assertThat(table.isGood()).isFalse();
        assertThat(table.conclusion()).contains("FURTHER FROM FLOAT64 THAN ROUNDING (1e-03)");
    }

    @Test
    void nativeRun_farFromFloat64_isNotRounding() {
        table.addTree(1, 1, "straight", ONE);
        table.distance(1e-6);
        assertThat(table.addNative(2, 1, TWO, Double.NaN)).contains("WRONG");
        assertThat(table.isGood()).isFalse();
        assertThat(table.conclusion()).contains("THE NATIVE COLLECTIVE IS FAR");
    }
}
