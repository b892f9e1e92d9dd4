package dev.lockstep.evidence.record;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** How many cases of each subject and fault were as expected; for cases that are named {@code SUBJECT: FAULT, DETAILS}. */
final class Grid {
    private static final Pattern NAME = Pattern.compile("([^:]+): ([^,]+)(, .*)?");

    private Grid() {}

    static String markdown(List<Result> results) {
        Set<String> faults = new LinkedHashSet<>();
        Map<String, Map<String, List<CaseResult>>> cells = new LinkedHashMap<>();
        for (Result result : results) {
            for (CaseResult one : result.cases()) {
                Matcher name = NAME.matcher(one.name());
                if (!name.matches()) {
                    throw new IllegalStateException("not the name of a case of a grid, name = " + one.name()
                            + ", call it SUBJECT: FAULT, DETAILS");
                }
                faults.add(name.group(2));
                cells.computeIfAbsent(name.group(1), subject -> new LinkedHashMap<>())
                        .computeIfAbsent(name.group(2), fault -> new ArrayList<>())
                        .add(one);
            }
        }
        List<String> titles = new ArrayList<>(List.of("cases as expected"));
        titles.addAll(faults);
        StringBuilder text = new StringBuilder(Tables.line(titles))
                .append(Tables.line(titles.stream().map(title -> "---").toList()));
        cells.forEach((subject, row) -> {
            List<String> line = new ArrayList<>(List.of(subject));
            faults.forEach(fault -> line.add(cell(row.getOrDefault(fault, List.of()))));
            text.append(Tables.line(line));
        });
        return text.toString();
    }

    private static String cell(List<CaseResult> cases) {
        long good = cases.stream().filter(CaseResult::good).count();
        String text = good + " of " + cases.size();
        return cases.isEmpty() ? "–" : good == cases.size() ? text : "**" + text + "**";
    }
}
