package dev.lockstep;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaPackage;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import dev.lockstep.train.Trainer;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;

/** The rooms of ARCHITECTURE.md and the arrows between them, on the compiled classes. */
class DependencyRuleTest {
    private static final String ROOT = "dev.lockstep";

    /** The rooms that each room may use. One that is not named here is pure, and may use any pure one. */
    private static final Map<String, Set<String>> MAY_USE = Map.ofEntries(
            room("errors"),
            room("files"),
            room("natives", "errors", "files"),
            room("schedule"),
            room("topology", "errors"),
            room("sampling", "errors"),
            room("recipe", "errors", "sampling", "schedule"),
            room("image", "errors", "files", "natives", "recipe", "sampling"),
            room("report", "errors", "files", "recipe", "schedule", "topology"),
            room("torch", "errors", "image", "natives"),
            room("supervise", "errors", "files"),
            room("collective", "errors", "files", "supervise", "topology", "torch"),
            room("network", "errors", "recipe", "sampling"),
            room("model", "errors", "image", "network", "recipe", "torch"),
            room("optim", "errors", "recipe", "torch", "model"),
            room("checkpoint", "errors", "files", "torch", "model", "optim"));

    /** The rooms below the line, in which {@code org.bytedeco} may appear. */
    private static final Set<String> NATIVE =
            Set.of("natives", "torch", "collective", "model", "optim", "checkpoint", "train", "root");

    /** The library's own classes: what was compiled to the place that the trainer comes from. */
    private static final JavaClasses CLASSES = new ClassFileImporter()
            .importUrl(Trainer.class.getProtectionDomain().getCodeSource().getLocation());

    private static Map.Entry<String, Set<String>> room(String name, String... mayUse) {
        return Map.entry(name, Set.of(mayUse));
    }

    /** The room of one of our classes; "root" for the facade. */
    private static String roomOf(JavaClass type) {
        String rest = type.getPackageName().substring(ROOT.length());
        return rest.isEmpty() ? "root" : rest.substring(1).split("\\.", 2)[0];
    }

    private static boolean isOurs(JavaClass type) {
        return type.getPackageName().equals(ROOT) || type.getPackageName().startsWith(ROOT + ".");
    }

    private static boolean isAllowed(String from, String to) {
        if (from.equals(to) || from.equals("root")) {
            return true;
        }
        if (to.equals("root")) {
            return false;
        }
        if (from.equals("train")) {
            return true;
        }
        Set<String> listed = MAY_USE.get(from);
        return listed != null ? listed.contains(to) : !NATIVE.contains(to);
    }

    @Test
    void arrowsBetweenRooms_pointDown() {
        Set<String> wrong = new TreeSet<>();
        for (JavaClass type : CLASSES) {
            for (Dependency dependency : type.getDirectDependenciesFromSelf()) {
                JavaClass target = dependency.getTargetClass().getBaseComponentType();
                if (isOurs(target) && !isAllowed(roomOf(type), roomOf(target))) {
                    wrong.add(roomOf(type) + " → " + roomOf(target) + ": " + dependency.getDescription());
                }
            }
        }
        assertThat(wrong).isEmpty();
    }

    @Test
    void rooms_formNoCycle() {
        slices().matching(ROOT + ".(*)..").should().beFreeOfCycles().check(CLASSES);
    }

    @Test
    void libtorch_appearsOnlyBelowTheLine() {
        noClasses()
                .that(describe("are in a pure room", type -> !NATIVE.contains(roomOf(type))))
                .and(not(resideInAPackage(ROOT + ".image.codec..")))
                .should()
                .dependOnClassesThat(resideInAPackage("org.bytedeco.."))
                .check(CLASSES);
    }

    @Test
    void openCv_appearsOnlyInTheCodec() {
        noClasses()
                .that(not(resideInAPackage(ROOT + ".image.codec..")))
                .should()
                .dependOnClassesThat(resideInAPackage("org.bytedeco.opencv.."))
                .check(CLASSES);
        noClasses()
                .that()
                .resideInAPackage(ROOT + ".image.codec..")
                .should()
                .dependOnClassesThat(resideInAnyPackage("org.bytedeco.pytorch.."))
                .allowEmptyShould(true)
                .check(CLASSES);
    }

    @Test
    void library_knowsNothingOfTheCommandLine() {
        noClasses()
                .should()
                .dependOnClassesThat(resideInAnyPackage(ROOT + ".cli..", "picocli..", "me.tongfei.progressbar.."))
                .check(CLASSES);
    }

    @Test
    void everyPackage_isNullMarkedInItsPackageInfo() {
        JavaPackage root = CLASSES.getPackage(ROOT);
        Set<String> unmarked = Stream.concat(Stream.of(root), root.getSubpackagesInTree().stream())
                .filter(room -> !room.getClasses().isEmpty())
                .filter(room -> room.tryGetPackageInfo()
                        .map(info -> !info.isAnnotatedWith(NullMarked.class))
                        .orElse(true))
                .map(JavaPackage::getName)
                .collect(Collectors.toCollection(TreeSet::new));
        assertThat(unmarked).isEmpty();
    }

    @Test
    void rules_seeTheClassesAndFailWhenBroken() {
        assertThat(CLASSES.contain(Trainer.class)).isTrue();
        assertThat(CLASSES.contain(DependencyRuleTest.class)).isFalse();
        assertThat(isAllowed("model", "train")).isFalse();
        assertThat(isAllowed("plan", "torch")).isFalse();
        assertThat(isAllowed("train", "root")).isFalse();
        assertThatThrownBy(() -> noClasses()
                        .should()
                        .dependOnClassesThat(resideInAPackage("org.bytedeco.."))
                        .check(CLASSES))
                .isInstanceOf(AssertionError.class);
    }
}
