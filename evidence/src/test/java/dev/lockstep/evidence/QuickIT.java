package dev.lockstep.evidence;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.evidence.process.Checkout;
import dev.lockstep.evidence.process.Stage;
import dev.lockstep.evidence.record.CaseResult;
import dev.lockstep.evidence.record.Report;
import dev.lockstep.evidence.scenario.Scenarios;
import dev.lockstep.evidence.scenario.Settings;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A case of each kind, with the launcher that this build has packaged. */
final class QuickIT {
    @Test
    @Timeout(600)
    void quickScenario_isAsExpected() throws Exception {
        Report report = new Report(System.out, false);
        try (Stage stage = new Stage(Checkout.find(), report)) {
            Scenarios.find("quick")
                    .orElseThrow()
                    .play()
                    .run(stage, new Settings(List.of(), 0, 0, 0, 0, null, List.of()));
        }
        assertThat(report.cases()).isNotEmpty().allMatch(CaseResult::good);
    }
}
