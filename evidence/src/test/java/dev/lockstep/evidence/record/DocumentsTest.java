package dev.lockstep.evidence.record;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class DocumentsTest {
    private static final MachineFacts MACHINE = new MachineFacts("a processor", true, 2, 24, "17", "1.5");

    private static Result result(CaseResult... cases) {
        return new Result("phases", "evidence/run phases", "2026-11-27", MACHINE, 72, false, List.of(), List.of(cases));
    }

    private static String refreshed(String text, Map<String, Result> results) {
        return new Documents(results).refreshed(text);
    }

    @Test
    void block_isComputedFromItsResults() {
        Result result = result(
                new CaseResult("one", "named", "named", true, Map.of("ms", 1234)),
                new CaseResult("two", "named", "left alone", false, Map.of()));
        String before = "before\n<!-- evidence: a -->\nold\n<!-- end -->\nafter\n";
        assertThat(refreshed(before, Map.of("a", result))).isEqualTo("""
                before
                <!-- evidence: a -->
                `evidence/run phases`, 2026-11-27, 2 cores of a processor with AVX-512, load 1.5, 1 min 12 s: \
                1 of 2 cases as expected, **the others not**.

                | case | seen, as expected | ms |
                | --- | --- | --- |
                | one | named | 1,234 |
                | two | **NOT AS EXPECTED:** left alone |  |
                <!-- end -->
                after
                """);
    }

    @Test
    void grid_countsTheCasesOfEachSubjectAndFault() {
        Result one = result(
                new CaseResult("Slurm: undisturbed, srun", "", "", true, Map.of()),
                new CaseResult("Slurm: undisturbed, sbatch", "", "", true, Map.of()),
                new CaseResult("MPI: process killed", "", "", true, Map.of()));
        Result two = result(new CaseResult("Slurm: process killed, srun", "", "left alone", false, Map.of()));
        assertThat(refreshed("<!-- grid: a b -->\nold\n<!-- end -->", Map.of("a", one, "b", two)))
                .isEqualTo("""
                        <!-- grid: a b -->
                        | cases as expected | undisturbed | process killed |
                        | --- | --- | --- |
                        | Slurm | 2 of 2 | **0 of 1** |
                        | MPI | – | 1 of 1 |
                        <!-- end -->""");
    }

    @Test
    void grid_refusesOtherNames() {
        Result result = result(new CaseResult("one", "", "", true, Map.of()));
        assertThatThrownBy(() -> refreshed("<!-- grid: a -->\n<!-- end -->", Map.of("a", result)))
                .hasMessageContaining("name = one");
    }

    @Test
    void refreshing_twice_changesNothing() {
        Map<String, Result> results = Map.of(
                "a", result(new CaseResult("one $1 | x", "as | said", "as | said", true, Map.of())),
                "b",
                        result(new CaseResult(
                                "two", "other", "other", true, Map.of("weights", "0123456789abcdef".repeat(4)))));
        String once = refreshed("<!-- evidence: a b -->\n<!-- end -->\n<!-- evidence: b -->\n<!-- end -->\n", results);
        assertThat(once).contains("one $1 \\| x", "`0123456789abcdef…`");
        assertThat(refreshed(once, results)).isEqualTo(once);
        assertThat(new Documents(results).stale(once)).isEmpty();
        assertThat(new Documents(results).stale(once.replace("two", "three"))).containsExactly("a b", "b");
        assertThat(Documents.shown(once)).containsExactly("a", "b");
    }

    @Test
    void textWithoutABlock_stays() {
        assertThat(refreshed("<!-- another comment -->\n", Map.of())).isEqualTo("<!-- another comment -->\n");
    }

    @Test
    void unknownResult_isRefused() {
        assertThatThrownBy(() -> refreshed("<!-- evidence: nothing -->\n<!-- end -->", Map.of()))
                .hasMessageContaining("name = nothing");
    }

    @Test
    void results_areReadAsWritten(@TempDir Path folder) throws Exception {
        Result result = result(new CaseResult("one", "named", "named", true, Map.of("ms", 5, "weights", "ab")));
        new Results(folder).write("x", result);
        assertThat(new Results(folder).read()).containsExactly(Map.entry("x", result));
    }
}
