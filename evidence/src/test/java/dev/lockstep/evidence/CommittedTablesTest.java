package dev.lockstep.evidence;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.evidence.process.Checkout;
import dev.lockstep.evidence.record.Documents;
import dev.lockstep.evidence.record.Result;
import dev.lockstep.evidence.record.Results;
import dev.lockstep.evidence.scenario.Scenarios;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** The tables of the documents are those of the committed results. */
final class CommittedTablesTest {
    private final Checkout checkout = Checkout.find();

    private Map<String, Result> results() throws IOException {
        return new Results(checkout.results()).read();
    }

    @Test
    void tables_areThoseOfTheResults() throws IOException {
        Documents documents = new Documents(results());
        for (Path file : Documents.of(checkout.home())) {
            assertThat(documents.stale(Files.readString(file)))
                    .as("tables of %s, to be rewritten by 'evidence/run tables'", file.getFileName())
                    .isEmpty();
        }
    }

    @Test
    void everyResult_isShown() throws IOException {
        Set<String> shown = new TreeSet<>();
        for (Path file : Documents.of(checkout.home())) {
            shown.addAll(Documents.shown(Files.readString(file)));
        }
        assertThat(shown).isEqualTo(new TreeSet<>(results().keySet()));
    }

    @Test
    void everyResult_isOfAScenarioAndSaysNothingOfTheMachinesNames() throws IOException {
        for (Map.Entry<String, Result> result : results().entrySet()) {
            assertThat(Scenarios.find(result.getValue().scenario()))
                    .as(result.getKey())
                    .isPresent();
            String text = Files.readString(checkout.results().resolve(result.getKey() + ".json"));
            assertThat(text).as(result.getKey()).doesNotContain("/tmp", "/home", "/root", "/work");
        }
    }
}
