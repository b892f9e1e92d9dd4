package dev.lockstep;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.conditions.ArchPredicates.are;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.domain.JavaPackage;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The packages of Lockstep, the modules that hold them, and the dependencies between them, on the compiled classes.
 * ARCHITECTURE.md shows the same table: run with {@code -Dlockstep.update=true} to write it after a change.
 */
@Tag("slow")
class DependencyRuleTest {
    private static final String ROOT = "dev.lockstep";
    private static final Path ARCHITECTURE = Path.of("..", "ARCHITECTURE.md");
    private static final Pattern TABLE = Pattern.compile("(?s)(<!-- packages -->\n).*?(<!-- end -->)");

    /** @param api whether the programs of users may use it; the others are internal and may change in any release */
    private record Layer(String module, String name, boolean api, String what) {}

    private static final boolean API = true;
    private static final boolean INTERNAL = false;

    /** From the top down: a package uses only packages below it. */
    private static final List<Layer> LAYERS = List.of(
            new Layer(
                    "cli", "cli", INTERNAL, "the `lockstep` command: `command`, `terminal`, `doctor`, `bundle`, `gpu`"),
            new Layer("report", "watch", INTERNAL, "a server of live pages, and of numbers for Prometheus"),
            new Layer("report", "report", INTERNAL, "self-contained pages with the curves of runs and studies"),
            new Layer("train", "run", API, "a recipe being trained in a run folder"),
            new Layer("train", "train", API, "the step, the training loop, evaluation, classifying images"),
            new Layer("train", "checkpoint", API, "safetensors, PyTorch files, the folder of checkpoints"),
            new Layer("train", "optim", API, "optimizers on flat buffers"),
            new Layer("train", "model", API, "networks as libtorch modules, the flat layout"),
            new Layer("train", "collective", API, "sums over processes, how processes find each other"),
            new Layer("train", "torch", API, "loading libtorch, devices, scopes, tensors"),
            new Layer(
                    "launch",
                    "launch",
                    INTERNAL,
                    "a process's place in its group, by the variables of its launcher; our own launchers"),
            new Layer("launch", "supervise", API, "the group's secret and handshake; who watches processes"),
            new Layer("data", "image", API, "datasets, decoding, augmentation, the loader"),
            new Layer("natives", "natives", INTERNAL, "the user's cache; native libraries, unpacked whole"),
            new Layer("core", "study", API, "variants × seeds, questions, verdicts"),
            new Layer("core", "plan", API, "what can be known before a run starts; checks of a recipe"),
            new Layer("core", "metrics", API, "events of a run, JSON lines, TensorBoard, results"),
            new Layer("core", "network", API, "networks as data, and where recipes find them by name"),
            new Layer("core", "recipe", API, "immutable records and their strict YAML form"),
            new Layer("core", "sampling", API, "which image goes where; keyed random streams"),
            new Layer("core", "topology", API, "which process runs which workers; the reduction tree"),
            new Layer("core", "schedule", API, "learning rates as functions of the iteration"),
            new Layer("core", "files", INTERNAL, "writing files so that a crash cannot undo or tear them"),
            new Layer("core", "storage", API, "where files lie: text becomes a path, stores such as S3 become folders"),
            new Layer("core", "errors", API, "failures that a user can fix, with exit codes; printable text"),
            new Layer("core", "text", INTERNAL, "numbers as people read them; JSON"));

    private static final Map<String, Integer> DEPTH = depths();

    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages(ROOT);

    private static Map<String, Integer> depths() {
        Map<String, Integer> depths = new HashMap<>();
        LAYERS.forEach(layer -> depths.put(layer.name, depths.size()));
        return depths;
    }

    private static String layerOf(JavaClass type) {
        String rest = type.getPackageName().substring(ROOT.length());
        return rest.isEmpty() ? "" : rest.substring(1).split("\\.", 2)[0];
    }

    private static boolean isOurs(JavaClass type) {
        return type.getPackageName().equals(ROOT) || type.getPackageName().startsWith(ROOT + ".");
    }

    private static boolean isDownward(String from, String to) {
        return from.equals(to) || DEPTH.get(from) < DEPTH.get(to);
    }

    private static DescribedPredicate<JavaClass> inModule(String... modules) {
        Set<String> names = Set.of(modules);
        return DescribedPredicate.describe(
                "in modules " + names,
                type -> LAYERS.stream()
                        .anyMatch(layer -> layer.name.equals(layerOf(type)) && names.contains(layer.module)));
    }

    /** What each layer uses, as the classes have it. */
    private static Map<String, Set<String>> uses() {
        Map<String, Set<String>> uses = new HashMap<>();
        for (JavaClass type : CLASSES) {
            for (Dependency dependency : type.getDirectDependenciesFromSelf()) {
                JavaClass target = dependency.getTargetClass().getBaseComponentType();
                if (isOurs(target) && !layerOf(target).equals(layerOf(type))) {
                    uses.computeIfAbsent(layerOf(type), name -> new TreeSet<>()).add(layerOf(target));
                }
            }
        }
        return uses;
    }

    @Test
    void packages_areAllLayers_inTheirModules() {
        Map<String, Set<String>> modules = new HashMap<>();
        for (JavaClass type : CLASSES) {
            String source = type.getSource().orElseThrow().getUri().toString();
            Matcher module = Pattern.compile("/(?:lockstep-)?([a-z]+)(?:/target/classes/|-[0-9][^/]*\\.jar!/)")
                    .matcher(source);
            assertThat(module.find()).as(source).isTrue();
            modules.computeIfAbsent(layerOf(type), name -> new TreeSet<>()).add(module.group(1));
        }
        assertThat(modules)
                .isEqualTo(LAYERS.stream().collect(Collectors.toMap(Layer::name, layer -> Set.of(layer.module))));
    }

    @Test
    void dependencies_pointDownward() {
        Set<String> wrong = new TreeSet<>();
        uses().forEach((from, targets) ->
                targets.stream().filter(to -> !isDownward(from, to)).forEach(to -> wrong.add(from + " → " + to)));
        assertThat(wrong).isEmpty();
    }

    @Test
    void architecture_showsThePackagesAsTheyAre() throws IOException {
        String table = table();
        String document = Files.readString(ARCHITECTURE);
        Matcher place = TABLE.matcher(document);
        assertThat(place.find()).isTrue();
        String current = place.replaceFirst("$1" + Matcher.quoteReplacement(table) + "$2");
        if (Boolean.getBoolean("lockstep.update")) {
            Files.writeString(ARCHITECTURE, current);
        }
        assertThat(Files.readString(ARCHITECTURE)).isEqualTo(current);
    }

    private static String table() {
        Map<String, Set<String>> uses = uses();
        List<String> rows =
                new ArrayList<>(List.of("| module | package | what it holds | uses |", "| --- | --- | --- | --- |"));
        String module = "";
        for (Layer layer : LAYERS) {
            String shown = layer.module.equals(module) ? "" : "`" + layer.module + "`";
            module = layer.module;
            List<String> targets = new ArrayList<>(uses.getOrDefault(layer.name, Set.of()));
            Collections.sort(targets, (a, b) -> DEPTH.get(a) - DEPTH.get(b));
            rows.add("| " + shown + " | `" + layer.name + "`" + (layer.api ? "" : " (internal)") + " | " + layer.what
                    + " | " + String.join(", ", targets) + " |");
        }
        return String.join("\n", rows) + "\n";
    }

    @Test
    void libtorch_appearsInTrainAlone() {
        noClasses()
                .that(are(DescribedPredicate.not(inModule("train"))))
                .and(are(DescribedPredicate.not(resideInAPackage(ROOT + ".cli.doctor.."))))
                .should()
                .dependOnClassesThat(resideInAPackage("org.bytedeco.pytorch.."))
                .check(CLASSES);
    }

    @Test
    void openCv_appearsInTheCodecAlone() {
        noClasses()
                .that(are(DescribedPredicate.not(resideInAPackage(ROOT + ".image.codec.."))))
                .should()
                .dependOnClassesThat(resideInAPackage("org.bytedeco.opencv.."))
                .check(CLASSES);
    }

    @ParameterizedTest
    @ValueSource(strings = {"core", "launch", "report"})
    void pureModule_usesNoNativeCode(String module) {
        noClasses()
                .that(are(inModule(module)))
                .should()
                .dependOnClassesThat(resideInAPackage("org.bytedeco.."))
                .check(CLASSES);
    }

    @Test
    void everyPackage_isNullMarkedInItsPackageInfo() {
        Set<String> unmarked = CLASSES.getPackage(ROOT).getSubpackagesInTree().stream()
                .filter(layer -> !layer.getClasses().isEmpty())
                .filter(layer -> layer.tryGetPackageInfo()
                        .map(info -> !info.isAnnotatedWith(NullMarked.class))
                        .orElse(true))
                .map(JavaPackage::getName)
                .collect(Collectors.toCollection(TreeSet::new));
        assertThat(unmarked).isEmpty();
    }

    @Test
    void rules_failWhenBroken() {
        assertThat(CLASSES.size()).isGreaterThan(300);
        assertThat(CLASSES.contain(DependencyRuleTest.class)).isFalse();
        assertThat(isDownward("model", "train")).isFalse();
        assertThat(isDownward("plan", "torch")).isFalse();
        assertThat(noClasses()
                        .that(are(inModule("train")))
                        .should()
                        .dependOnClassesThat(resideInAPackage("org.bytedeco.."))
                        .evaluate(CLASSES)
                        .hasViolation())
                .isTrue();
    }

    private static boolean isInternal(JavaClass type) {
        JavaClass base = type.getBaseComponentType();
        return isOurs(base) && LAYERS.stream().anyMatch(layer -> !layer.api && layer.name.equals(layerOf(base)));
    }

    /** What is public in an API package is for users, so it must not hand them what may change in any release. */
    @Test
    void signaturesOfTheApi_nameNoInternalType() {
        Set<String> wrong = new TreeSet<>();
        for (JavaClass type : CLASSES) {
            if (isInternal(type) || !type.getModifiers().contains(JavaModifier.PUBLIC)) {
                continue;
            }
            for (JavaCodeUnit unit : type.getCodeUnits()) {
                if (unit.getModifiers().contains(JavaModifier.PUBLIC)) {
                    Stream.concat(Stream.of(unit.getRawReturnType()), unit.getRawParameterTypes().stream())
                            .filter(DependencyRuleTest::isInternal)
                            .forEach(used -> wrong.add(unit.getFullName() + " names " + used.getName()));
                }
            }
        }
        assertThat(wrong).isEmpty();
    }

    @Test
    void packagesThatAreInternal_sayIt() throws IOException {
        for (Layer layer : LAYERS) {
            Path info = Path.of("..", layer.module, "src/main/java/dev/lockstep", layer.name, "package-info.java");
            assertThat(Files.readString(info).contains("<p>Internal: "))
                    .as(layer.name)
                    .isEqualTo(!layer.api);
        }
    }

    /** The examples are what users copy. */
    @Test
    void examples_useTheApiAlone() throws IOException {
        Pattern imported = Pattern.compile("import (?:static )?dev\\.lockstep\\.(\\w+)\\.");
        try (Stream<Path> files = Files.walk(Path.of("..", "examples", "src", "main"))) {
            List<Path> sources =
                    files.filter(file -> file.toString().endsWith(".java")).toList();
            assertThat(sources).isNotEmpty();
            for (Path source : sources) {
                Matcher uses = imported.matcher(Files.readString(source));
                while (uses.find()) {
                    assertThat(LAYERS)
                            .as(source + " uses " + uses.group(1))
                            .anyMatch(layer -> layer.api && layer.name.equals(uses.group(1)));
                }
            }
        }
    }

    /** The library lives in JVMs of others: the failure policy that the caller gives decides what becomes of them. */
    @Test
    void onlyTheCommandLine_andItsLauncher_endTheJvm() {
        noClasses()
                .that(inModule("core", "natives", "data", "train", "report"))
                .or()
                .resideInAPackage(ROOT + ".supervise")
                .should()
                .callMethod(Runtime.class, "halt", int.class)
                .orShould()
                .callMethod(Runtime.class, "exit", int.class)
                .orShould()
                .callMethod(System.class, "exit", int.class)
                .check(CLASSES);
    }
}
