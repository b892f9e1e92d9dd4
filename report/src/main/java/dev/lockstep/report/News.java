package dev.lockstep.report;

import dev.lockstep.metrics.Alert;
import dev.lockstep.metrics.JournalEntry;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** What happened in a run besides its steps, newest first. */
final class News {
    private static final int OPEN = 12;

    private News() {}

    static Optional<Html> of(RunView run, String suffix) {
        List<JournalEntry> entries = new ArrayList<>(run.news());
        entries.addAll(run.alerts());
        entries.sort(Comparator.comparingLong(JournalEntry::time).reversed());
        if (entries.isEmpty()) {
            return Optional.empty();
        }
        Html html = new Html().element("h2", "Notices" + suffix);
        list(html, entries.subList(0, Math.min(OPEN, entries.size())));
        if (entries.size() > OPEN) {
            html.open("details", "class", "earlier").element("summary", (entries.size() - OPEN) + " earlier ones");
            list(html, entries.subList(OPEN, entries.size()));
            html.close();
        }
        return Optional.of(html);
    }

    private static void list(Html html, List<JournalEntry> entries) {
        html.open("ol", "class", "news");
        for (JournalEntry entry : entries) {
            html.open("li", "class", isBad(entry) ? "alert" : "");
            html.element("time", Attention.clock(entry.time()));
            html.element("span", "step " + entry.step()).element("span", text(entry));
            html.close();
        }
        html.close();
    }

    private static boolean isBad(JournalEntry entry) {
        return entry.type().equals(JournalEntry.ALERT)
                && !Attention.kind(entry).equals(Optional.of(Alert.Kind.PROCESS_JOINED));
    }

    private static String text(JournalEntry entry) {
        return switch (entry.type()) {
            case JournalEntry.ALERT ->
                Attention.kind(entry).map(Alert.Kind::title).orElse(entry.kind()) + ": " + entry.text();
            case JournalEntry.RESUMED -> "resumed from the checkpoint of step " + entry.step();
            case JournalEntry.FINISHED -> "ended: " + entry.text().toLowerCase(java.util.Locale.ROOT);
            case JournalEntry.FAILED -> "failed: " + entry.text();
            default -> entry.text();
        };
    }
}
