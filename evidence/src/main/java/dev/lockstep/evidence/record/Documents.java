package dev.lockstep.evidence.record;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The Markdown files of a checkout. The text between {@code <!-- evidence: NAME… -->} and {@code <!-- end -->} is computed
 * from the results of these names; that after {@code <!-- grid: NAME… -->}, too, as a table of their cases' subjects and faults.
 */
public final class Documents {
    private static final Pattern BLOCK =
            Pattern.compile("<!-- (evidence|grid): ([a-z0-9 -]+?) -->\n(.*?)<!-- end -->", Pattern.DOTALL);

    private final Map<String, Result> results;

    public Documents(Map<String, Result> results) {
        this.results = results;
    }

    /** The Markdown files in the root of a checkout and below its {@code docs}. */
    public static List<Path> of(Path home) throws IOException {
        List<Path> files = new ArrayList<>();
        for (Path folder : List.of(home, home.resolve("docs"))) {
            try (Stream<Path> paths = Files.walk(folder, folder.equals(home) ? 1 : Integer.MAX_VALUE)) {
                paths.filter(path -> path.toString().endsWith(".md")).sorted().forEach(files::add);
            }
        }
        return files;
    }

    /** A text with its blocks computed from the results. */
    public String refreshed(String text) {
        return BLOCK.matcher(text).replaceAll(match -> Matcher.quoteReplacement(block(match)));
    }

    private String block(MatchResult match) {
        List<Result> shown = names(match).stream().map(this::result).toList();
        String kind = match.group(1);
        String table = kind.equals("grid") ? Grid.markdown(shown) : Tables.markdown(shown);
        return "<!-- " + kind + ": " + match.group(2) + " -->\n" + table + "<!-- end -->";
    }

    private static List<String> names(MatchResult match) {
        return List.of(match.group(2).split(" "));
    }

    private Result result(String name) {
        Result result = results.get(name);
        if (result == null) {
            throw new IllegalStateException("no such result, name = " + name + ", results = " + results.keySet());
        }
        return result;
    }

    /** The names of the blocks that differ from the results. */
    public List<String> stale(String text) {
        return BLOCK.matcher(text)
                .results()
                .filter(match -> !block(match).equals(match.group()))
                .map(match -> match.group(2))
                .toList();
    }

    /** The names of the results that a text shows. */
    public static Set<String> shown(String text) {
        Set<String> names = new TreeSet<>();
        BLOCK.matcher(text).results().forEach(match -> names.addAll(names(match)));
        return names;
    }

    /** Rewrites the files that differ from the results; returns them. */
    public List<Path> refresh(Path home) throws IOException {
        List<Path> changed = new ArrayList<>();
        for (Path file : of(home)) {
            String text = Files.readString(file);
            String refreshed = refreshed(text);
            if (!refreshed.equals(text)) {
                Files.writeString(file, refreshed);
                changed.add(file);
            }
        }
        return changed;
    }
}
