package dev.lockstep.cli.terminal;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class BlockPlotTest {
    @Test
    void lines_oneRow_drawsEighths() {
        assertThat(BlockPlot.lines(new double[] {0, 1, 2, 3, 4, 5, 6, 7, 8}, 1)).containsExactly(" ▁▂▃▄▅▆▇█");
    }

    @Test
    void lines_twoRows_fillTheLowerFirst() {
        assertThat(BlockPlot.lines(new double[] {4, 8, 12, 16}, 2)).containsExactly("  ▄█", "▄███");
    }

    @Test
    void lines_tinyValue_stillShows() {
        assertThat(BlockPlot.lines(new double[] {1e-9, 1}, 1)).containsExactly("▁█");
    }

    @Test
    void lines_nothing_isBlank() {
        assertThat(BlockPlot.lines(new double[] {0, 0}, 1)).containsExactly("  ");
        assertThat(BlockPlot.lines(new double[0], 1)).containsExactly("");
    }
}
