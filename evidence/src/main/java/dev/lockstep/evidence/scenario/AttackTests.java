package dev.lockstep.evidence.scenario;

import dev.lockstep.evidence.process.Stage;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/**
 * Counts attacks by class from the reports of the last {@code mvn verify}: the number attempted and the number survived. A
 * test case is one attempt. A class with no test run, or with a failed one, is not as expected.
 */
final class AttackTests {
    /** Classes of attacks and their tests, as patterns of {@code Class#method}. */
    private static final Map<String, String> CLASSES = new LinkedHashMap<>();

    static {
        attacks(
                "unpacking killed, disk full, files damaged, starts at once",
                "Unpacking(Test|KillsIT)#.*|NativeLibrariesTest#.*AtOnce.*");
        attacks(
                "another user's files or folders in the way of native code",
                "FolderTrustTest#.*|UserCacheTest#.*|NativeLibrariesTest#.*(Others|Property|Writable).*");
        attacks(
                "strangers at a group's ports: reads, writes, floods, forged proofs",
                "GroupSecretTest#.*|(JoiningTest#(stranger|otherSecret|falseSupervisor|endless|slow|manyStrangers|requestThatIsNone)|SupervisorTest#malformed).*"
                        + "|RendezvousTest#(groupOnLoopback|groupWithout).*|SuperviseFuzzTest#(anyFirst|anyLines|anyRequest).*");
        attacks(
                "groups that do not fit: duplicates, sizes, other services",
                "RendezvousTest#(lateDuplicate|worldSize|anotherService|taken|master|absent|agents).*|JoiningTest#(rankThatIsTaken|address_|missing).*"
                        + "|GroupEnvironmentTest#(partial|invalid).*|GroupFaultsIT#(takenPort|sizeThat).*");
        attacks(
                "outputs over what a user wrote",
                "OverwriteTest#.*|ShardPackerTest#.*(FolderWithFiles|Link).*|DatasetFetcherTest#.*Link.*|UnpackingTest#.*link.*");
        attacks(
                "a crash or failure at every file operation",
                "CrashTest#.*|TrainingCrashTest#.*|DurableFilesTest#.*|ShardPackerTest#.*Killed.*|DatasetFetcherTest#.*Killed.*");
        attacks(
                "checkpoints and weights: damaged, forged, bombs, not finite",
                "WeightsLimitsTest#.*|TrainerStateTest#.*|TrainingDamageTest#.*|CheckpointFuzzTest#.*|SafetensorsTest#.*|PickleReaderFuzzTest#.*");
        attacks(
                "damaged images",
                "JpegExaminationTest#.*|PngExaminationTest#.*|SilentDecodingTest#.*|ExaminedContentsTest#.*|ImageHeaderFuzzTest#.*|BadImagesTest#.*");
        attacks(
                "datasets: bombs, empty or lost shards, pipes, collisions",
                "(ShardIndex|WebDataset|CifarDataset|IdxDataset|ImageFolder)Test#.*(zeros|hugeH|leadElsewhere|link|Link|Lost|differ|Bytes|pipe|Pipe|Bomb|bomb|imension|Truncated|truncated|torn|sameKey|SameKey|deep).*"
                        + "|SamplesTest#.*|ShardIndexFuzzTest#.*|IdxArrayFuzzTest#.*|ShardPackerTest#.*(Line|oneLost|Empty).*");
        attacks(
                "recipes, studies and options: deep, huge, endless",
                "HostileInputTest#(textFile|override|sizeOf|network|schedule|plan|cost|empty|argumentWithAt).*|InputFileTest#.*|RecipeFuzzTest#.*|StudyFuzzTest#.*|ReportFuzzTest#.*");
        attacks(
                "text that would control a terminal, a page or a spreadsheet",
                "PrintableTest#.*|HostileInputTest#(terminal|argumentOf|whatever).*|CsvTest#.*|StudyMarkdownTest#.*|PageTest#.*|LogTailTest#.*|SuperviseFuzzTest#anyLog.*");
    }

    private AttackTests() {}

    private static void attacks(String name, String tests) {
        CLASSES.put(name, tests);
    }

    static void play(Stage stage, Settings settings) throws Exception {
        Map<String, int[]> counts = new LinkedHashMap<>();
        CLASSES.keySet().forEach(name -> counts.put(name, new int[2]));
        try (DirectoryStream<Path> modules =
                Files.newDirectoryStream(stage.checkout().home(), Files::isDirectory)) {
            for (Path module : modules) {
                count(module.resolve("target/surefire-reports"), counts);
                count(module.resolve("target/failsafe-reports"), counts);
            }
        }
        int[] all = new int[2];
        for (int[] count : counts.values()) {
            all[0] += count[0];
            all[1] += count[1];
        }
        counts.put("all", all);
        counts.forEach((name, count) -> stage.check(name, "all survived", claims -> {
            claims.figure("tried", count[0]);
            claims.figure("survived", count[1]);
            claims.claim(count[0] > 0, "no test ran");
            claims.claim(count[0] == count[1], "not all survived");
        }));
    }

    private static void count(Path reports, Map<String, int[]> counts) throws Exception {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(reports, "TEST-*.xml")) {
            for (Path file : files) {
                countFile(file, counts);
            }
        } catch (NoSuchFileException e) {
            // A module without tests of this kind.
        }
    }

    private static void countFile(Path file, Map<String, int[]> counts) throws Exception {
        NodeList cases = DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(file.toFile())
                .getElementsByTagName("testcase");
        for (int i = 0; i < cases.getLength(); i++) {
            Element test = (Element) cases.item(i);
            if (test.getElementsByTagName("skipped").getLength() > 0) {
                continue;
            }
            boolean failed = test.getElementsByTagName("failure").getLength() > 0
                    || test.getElementsByTagName("error").getLength() > 0;
            String className = test.getAttribute("classname");
            String name = className.substring(className.lastIndexOf('.') + 1) + "#" + test.getAttribute("name");
            for (Map.Entry<String, String> entry : CLASSES.entrySet()) {
                if (Pattern.matches(entry.getValue(), name)) {
                    int[] count = Objects.requireNonNull(counts.get(entry.getKey()));
                    count[0]++;
                    count[1] += failed ? 0 : 1;
                    break;
                }
            }
        }
    }
}
