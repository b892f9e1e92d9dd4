package dev.lockstep.evidence.record;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import java.util.List;

/**
 * The result of a scenario, as in its JSON file.
 *
 * @param scenario the name of the scenario
 * @param command the command that reproduces it, from the root of a checkout
 * @param date of the run, ISO 8601
 * @param seconds how long it took
 * @param transcribed whether the figures were copied from a document that is older than this format
 * @param skipped the skipped parts, each with the reason
 */
@JsonPropertyOrder({"scenario", "command", "date", "machine", "seconds", "transcribed", "skipped", "cases"})
public record Result(
        String scenario,
        String command,
        String date,
        MachineFacts machine,
        long seconds,
        boolean transcribed,
        List<String> skipped,
        List<CaseResult> cases) {

    /** Whether there were cases and all were as expected. */
    @JsonIgnore
    public boolean isGood() {
        return !cases.isEmpty() && cases.stream().allMatch(CaseResult::good);
    }
}
