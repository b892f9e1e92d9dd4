package dev.lockstep.report;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** A page as a server gives it, at one moment. */
public final class LivePage {
    /** What a browser shows before it has anything. */
    public static final LivePage EMPTY = new LivePage(new Page(""));

    private final Page page;
    private final Map<String, String> figures;

    LivePage(Page page) {
        this.page = page;
        this.figures = FigureJson.each(page.figures());
    }

    /**
     * The whole page.
     *
     * @param events the address of its updates; empty if it has none
     */
    public String html(String events) {
        return page.live(events);
    }

    /** What a browser that shows {@code before} needs to show this page, as JSON; empty if nothing differs. */
    public Optional<String> since(LivePage before) {
        Map<String, String> sections = differing(before.page.sections(), page.sections());
        Map<String, String> changed = differing(before.figures, figures);
        return sections.isEmpty() && changed.isEmpty()
                ? Optional.empty()
                : Optional.of(FigureJson.update(page.title(), sections, changed));
    }

    private static Map<String, String> differing(Map<String, String> before, Map<String, String> now) {
        Map<String, String> differing = new LinkedHashMap<>();
        now.forEach((id, value) -> {
            if (!value.equals(before.get(id))) {
                differing.put(id, value);
            }
        });
        return differing;
    }
}
