import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/**
 * Counts attacks by class from the reports of the last {@code mvn verify}: how many were tried and how many were survived, as a
 * Markdown table. A test case is a try. A class of which no test ran, or one failed, makes the exit code 1.
 *
 * <pre>java evidence/Survived.java</pre>
 */
final class Survived {
    /** Classes of attacks, and the tests that try them, as patterns of {@code Class#method}. */
    private static final Map<String, String> CLASSES = new LinkedHashMap<>();

    static {
        attacks("unpacking killed, disk full, files damaged, starts at once", "Unpacking(Test|KillsIT)#.*|NativeLibrariesTest#.*AtOnce.*");
        attacks("another user's files or folders in the way of native code", "FolderTrustTest#.*|UserCacheTest#.*|NativeLibrariesTest#.*(Others|Property|Writable).*");
        attacks(
                "strangers at a group's ports: reads, writes, floods, forged proofs",
                "GroupSecretTest#.*|(JoiningTest#(stranger|otherSecret|falseSupervisor|endless|slow|manyStrangers|requestThatIsNone)|SupervisorTest#malformed).*"
                        + "|RendezvousTest#(groupOnLoopback|groupWithout).*|SuperviseFuzzTest#(anyFirst|anyLines|anyRequest).*");
        attacks(
                "groups that do not fit: duplicates, sizes, other services",
                "RendezvousTest#(lateDuplicate|worldSize|anotherService|taken|master|absent|agents).*|JoiningTest#(rankThatIsTaken|address_|missing).*"
                        + "|GroupEnvironmentTest#(partial|invalid).*|GroupFaultsIT#(takenPort|sizeThat).*");
        attacks("outputs over what a user wrote", "OverwriteTest#.*|ShardPackerTest#.*(FolderWithFiles|Link).*|DatasetFetcherTest#.*Link.*|UnpackingTest#.*link.*");
        attacks("a crash or failure at every file operation", "CrashTest#.*|TrainingCrashTest#.*|DurableFilesTest#.*|ShardPackerTest#.*Killed.*|DatasetFetcherTest#.*Killed.*");
        attacks("checkpoints and weights: damaged, forged, bombs, not finite", "WeightsLimitsTest#.*|TrainerStateTest#.*|TrainingDamageTest#.*|CheckpointFuzzTest#.*|SafetensorsTest#.*|PickleReaderFuzzTest#.*");
        attacks("damaged images", "JpegExaminationTest#.*|PngExaminationTest#.*|SilentDecodingTest#.*|ExaminedContentsTest#.*|ImageHeaderFuzzTest#.*|BadImagesTest#.*");
        attacks(
                "datasets: bombs, empty or lost shards, pipes, collisions",
                "(ShardIndex|WebDataset|CifarDataset|IdxDataset|ImageFolder)Test#.*(zeros|hugeH|leadElsewhere|link|Link|Lost|differ|Bytes|pipe|Pipe|Bomb|bomb|imension|Truncated|truncated|torn|sameKey|SameKey|deep).*"
                        + "|SamplesTest#.*|ShardIndexFuzzTest#.*|IdxArrayFuzzTest#.*|ShardPackerTest#.*(Line|oneLost|Empty).*");
        attacks("recipes, studies and options: deep, huge, endless", "HostileInputTest#(textFile|override|sizeOf|network|schedule|plan|cost|empty|argumentWithAt).*|InputFileTest#.*|RecipeFuzzTest#.*|StudyFuzzTest#.*|ReportFuzzTest#.*");
        attacks("text that would control a terminal, a page or a spreadsheet", "PrintableTest#.*|HostileInputTest#(terminal|argumentOf|whatever).*|CsvTest#.*|StudyMarkdownTest#.*|PageTest#.*|LogTailTest#.*|SuperviseFuzzTest#anyLog.*");
    }

    private Survived() {}

    private static void attacks(String name, String tests) {
        CLASSES.put(name, tests);
    }

    public static void main(String[] arguments) throws Exception {
        Path home = Path.of(arguments.length > 0 ? arguments[0] : ".");
        Map<String, int[]> counts = new LinkedHashMap<>();
        CLASSES.keySet().forEach(name -> counts.put(name, new int[2]));
        for (String module : new String[] {"library", "cli"}) {
            for (String kind : new String[] {"surefire-reports", "failsafe-reports"}) {
                count(home.resolve(module).resolve("target").resolve(kind), counts);
            }
        }
        boolean good = true;
        int tried = 0;
        int survived = 0;
        System.out.println("| class | tried | survived |");
        System.out.println("| --- | ---: | ---: |");
        for (Map.Entry<String, int[]> entry : counts.entrySet()) {
            int[] count = entry.getValue();
            System.out.println("| " + entry.getKey() + " | " + count[0] + " | " + count[1] + " |");
            good &= count[0] > 0 && count[0] == count[1];
            tried += count[0];
            survived += count[1];
        }
        System.out.println("| all | " + tried + " | " + survived + " |");
        System.exit(good ? 0 : 1);
    }

    private static void count(Path reports, Map<String, int[]> counts) throws Exception {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(reports, "TEST-*.xml")) {
            for (Path file : files) {
                countFile(file, counts);
            }
        } catch (NoSuchFileException e) {
            System.err.println("no reports in " + reports);
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
                    counts.get(entry.getKey())[0]++;
                    counts.get(entry.getKey())[1] += failed ? 0 : 1;
                    break;
                }
            }
        }
    }
}
