package dev.lockstep.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;

/** What the documents say about the command line. */
@Tag("slow")
final class DocumentedCommandsTest {
    private static final Path ROOT = Path.of("..");
    private static final Pattern CODE = Pattern.compile("(?ms)^ *```.*?^ *```|`[^`]*`");
    private static final Pattern COMMAND = Pattern.compile("(?<![\\w./-])(?:\\./)?lockstep ([a-z]+)([^#`\n]*)");
    private static final Pattern FILE = Pattern.compile("(?:recipes|studies)/[a-z0-9/-]+\\.(?:yaml|json)");

    private static final Pattern SHELL = Pattern.compile("(?ms)^```sh\n(.*?)^```");
    /** Until a shell's operator. */
    private static final Pattern TYPED =
            Pattern.compile("(?:^|\\s)(?:\\./|bin/)?lockstep ((?:'[^']*'|\"[^\"]*\"|[^|;&>])*)");

    private static final Pattern WORD = Pattern.compile("(?:'[^']*'|\"[^\"]*\"|\\S)+");

    @TempDir
    private Path folder;

    private final CommandLine line = Commands.addTo(new CommandLine(new Main()));

    static List<Path> documents() throws IOException {
        try (Stream<Path> root = Files.list(ROOT);
                Stream<Path> docs = Files.walk(ROOT.resolve("docs"))) {
            return Stream.concat(root, docs)
                    .filter(file -> file.toString().endsWith(".md"))
                    .sorted()
                    .toList();
        }
    }

    private static List<MatchResult> commands(Path document) throws IOException {
        List<MatchResult> found = new ArrayList<>();
        CODE.matcher(Files.readString(document)).results().forEach(code -> {
            boolean block = code.group().stripLeading().startsWith("```");
            String text = block
                    ? code.group().replaceAll("\\\\\n\\s*", "")
                    : code.group().replaceAll("\\s+", " ");
            COMMAND.matcher(text).results().forEach(found::add);
        });
        return found;
    }

    @Test
    void guide_table_hasEveryCommand() throws IOException {
        String guide = Files.readString(ROOT.resolve("docs/guide.md"));
        TreeSet<String> shown = Pattern.compile("(?m)^\\| `lockstep ([a-z-]+)")
                .matcher(guide)
                .results()
                .map(row -> row.group(1))
                .collect(Collectors.toCollection(TreeSet::new));
        assertThat(shown).isEqualTo(line.getSubcommands().keySet());
    }

    @ParameterizedTest
    @MethodSource("documents")
    void commands_ofADocument_existWithTheirOptions(Path document) throws IOException {
        for (MatchResult example : commands(document)) {
            // Behind -- is a command of its own, as for 'launch'.
            for (String part : (example.group(1) + example.group(2)).split(" -- ")) {
                assertExists(part.trim().split("\\s+"), example.group());
            }
        }
    }

    private void assertExists(String[] words, String example) {
        if (words[0].equals("help")) {
            return; // Not a command of its own: MannersTest.
        }
        CommandLine group = line.getSubcommands().get(words[0]);
        assertThat(group).as(example).isNotNull();
        CommandLine command = words.length == 1 ? group : group.getSubcommands().getOrDefault(words[1], group);
        Arrays.stream(words)
                .filter(word -> word.startsWith("--"))
                .map(word -> word.replaceFirst("[=,;)].*", ""))
                .forEach(option -> assertThat(command.getCommandSpec().findOption(option))
                        .as(example)
                        .isNotNull());
    }

    /** The command lines in the shell blocks of a document, each as words without the name of the program. */
    private static List<List<String>> typed(Path document) throws IOException {
        List<List<String>> found = new ArrayList<>();
        SHELL.matcher(Files.readString(document))
                .results()
                .forEach(block -> block.group(1)
                        .replaceAll("\\\\\n\\s*", "")
                        .lines()
                        .map(line -> TYPED.matcher(line.replaceFirst("(?<=\\s)#.*", "")))
                        .filter(Matcher::find)
                        .forEach(line -> found.add(WORD.matcher(line.group(1))
                                .results()
                                .map(word -> word.group().replaceAll("^['\"]|['\"]$", ""))
                                .toList())));
        return found;
    }

    @ParameterizedTest
    @MethodSource("documents")
    void commandLines_ofADocument_areTakenByTheParser(Path document) throws IOException {
        for (List<String> words : typed(document)) {
            int dashes = words.indexOf("--");
            List<List<String>> commands =
                    dashes < 0 ? List.of(words) : List.of(words, words.subList(dashes + 1, words.size()));
            for (List<String> command : commands) {
                assertThatCode(() -> line.parseArgs(command.toArray(String[]::new)))
                        .as(document + ": lockstep " + String.join(" ", command))
                        .doesNotThrowAnyException();
            }
        }
    }

    /** What a run would do is found out without starting it: the recipe, its overrides and its processes fit each other. */
    @ParameterizedTest
    @MethodSource("documents")
    void runs_ofADocument_canBePlanned(Path document) throws IOException {
        for (List<String> words : typed(document)) {
            if (List.of("train", "verify", "plan").contains(words.get(0))
                    && words.get(1).startsWith("recipes/")) {
                List<String> plan = new ArrayList<>(List.of("plan", "../" + words.get(1)));
                for (int i = 2; i < words.size() - 1; i++) {
                    if (List.of("--set", "--procs", "--lanes").contains(words.get(i))) {
                        plan.addAll(words.subList(i, i + 2));
                    }
                }
                CapturedRun run = CapturedRun.of(plan.toArray(String[]::new));
                assertThat(run.exitCode())
                        .as(document + ": " + plan + "\n" + run.err())
                        .isZero();
            } else if (words.get(0).equals("study")) {
                CapturedRun run = CapturedRun.of(
                        "study",
                        "../" + words.get(1),
                        "--dry-run",
                        "--out",
                        folder.resolve("study").toString());
                assertThat(run.exitCode())
                        .as(document + ": " + words + "\n" + run.err())
                        .isZero();
            }
        }
    }

    @Test
    void commandLines_ofAllDocuments_areFound() throws IOException {
        int count = 0;
        for (Path document : documents()) {
            count += typed(document).size();
        }
        assertThat(count).isGreaterThan(55);
    }

    @ParameterizedTest
    @MethodSource("documents")
    void files_ofADocumentsCommands_exist(Path document) throws IOException {
        for (MatchResult example : commands(document)) {
            assertThat(FILE.matcher(example.group(2)).results().map(file -> ROOT.resolve(file.group())))
                    .as(example.group())
                    .allMatch(Files::exists);
        }
    }

    @Test
    void readme_examples_areFound() throws IOException {
        assertThat(commands(ROOT.resolve("README.md"))).hasSizeGreaterThan(5);
    }
}
