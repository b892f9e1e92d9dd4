package dev.lockstep.report;

import dev.lockstep.metrics.Alert;
import dev.lockstep.metrics.JournalEntry;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The alerts of a run, newest first. */
final class Attention {
    private static final int MOST = 5;
    private static final DateTimeFormatter CLOCK =
            DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss", Locale.ROOT).withZone(ZoneOffset.UTC);

    private Attention() {}

    /** Empty if nothing needs a person. */
    static Optional<Html> of(RunView run, String prefix) {
        List<JournalEntry> alerts = run.attention();
        if (alerts.isEmpty()) {
            return Optional.empty();
        }
        Html html = new Html().open("ul", "class", "alerts", "aria-live", "polite");
        alerts.stream().limit(MOST).forEach(alert -> {
            Optional<Alert.Kind> kind = kind(alert);
            html.open("li", "class", kind.map(Alert.Kind::isUrgent).orElse(false) ? "urgent" : "");
            html.element("strong", prefix + kind.map(Alert.Kind::title).orElse(alert.kind()));
            html.text(" " + alert.text() + " ");
            html.element("time", "step " + alert.step() + ", " + clock(alert.time()))
                    .close();
        });
        if (alerts.size() > MOST) {
            html.element("li", (alerts.size() - MOST) + " earlier ones are among the notices below");
        }
        return Optional.of(html.close());
    }

    static Optional<Alert.Kind> kind(JournalEntry alert) {
        return Arrays.stream(Alert.Kind.values())
                .filter(kind -> kind.name().equals(alert.kind()))
                .findFirst();
    }

    /** UTC. */
    static String clock(long millis) {
        return CLOCK.format(Instant.ofEpochMilli(millis)) + " UTC";
    }
}
