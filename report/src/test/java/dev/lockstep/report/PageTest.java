package dev.lockstep.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class PageTest {
    private static final String WILD = "</script><img src=x onerror=alert(1)>\"'&\u001b\u202e";

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path folder;

    private static Figure figure() {
        double[] points = {1, 2, 3};
        return Figure.curves("f", WILD, WILD, WILD, Double.NaN, List.of(Series.line(WILD, points, points, 0, false)));
    }

    @Test
    void textOnAPage_isEscaped() {
        String page = new Page(WILD)
                .element("p", WILD)
                .paragraphs(WILD)
                .table(List.of(WILD, WILD), List.of(List.of(WILD, WILD)))
                .facts(Map.of(WILD, WILD))
                .details(WILD, WILD)
                .command(WILD)
                .figure(figure())
                .toString();
        assertThat(page).doesNotContain("<img", "\u001b", "\u202e");
        assertThat(page.split("</script>", -1)).as("three scripts and no more").hasSize(4);
    }

    @Test
    void plotFiles_acceptAnySeriesName() throws Exception {
        double[] points = {1, 2, 3};
        Figure figure = new Figure(
                "f",
                "title",
                "x",
                "y",
                "",
                false,
                false,
                Double.NaN,
                List.of(
                        new Series("a", points, points, points, 0, false),
                        new Series("a ±", points, points, points, 1, false),
                        new Series(WILD, points, points, points, 2, false)));
        StaticPlot.write(List.of(figure), folder);
        assertThat(Files.readString(folder.resolve("f.svg"))).doesNotContain("<img", "\u001b", "&#27;", "\u202e");
        assertThat(Files.readString(folder.resolve("f.csv"))).doesNotContain("\u001b", "\u202e");
    }
}
