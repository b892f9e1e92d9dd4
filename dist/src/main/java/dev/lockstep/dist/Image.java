package dev.lockstep.dist;

import com.google.cloud.tools.jib.api.Containerizer;
import com.google.cloud.tools.jib.api.Jib;
import com.google.cloud.tools.jib.api.JibContainer;
import com.google.cloud.tools.jib.api.JibContainerBuilder;
import com.google.cloud.tools.jib.api.TarImage;
import com.google.cloud.tools.jib.api.buildplan.AbsoluteUnixPath;
import com.google.cloud.tools.jib.api.buildplan.FileEntriesLayer;
import com.google.cloud.tools.jib.api.buildplan.FilePermissions;
import com.google.cloud.tools.jib.api.buildplan.ImageFormat;
import com.google.cloud.tools.jib.api.buildplan.Platform;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * Builds a container image from a bundle whose native libraries are unpacked, and writes it to a tar file that {@code
 * docker load}, {@code podman load} and {@code skopeo copy} read. It starts from nothing: besides the bundle it holds a
 * shell for the launcher and the system's C and C++ libraries, taken from the machine that builds it. So no registry is
 * asked for anything. Layers go from what changes least to what changes with every build.
 *
 * <p>Everything belongs to root and nothing needs to be written, so that any user may run it on a read-only file system.
 */
public final class Image {
    private static final String HOME = "/opt/lockstep";
    private static final FilePermissions FOR_ALL = FilePermissions.fromOctalString("777");
    private static final FilePermissions PROGRAM = FilePermissions.fromOctalString("755");
    private static final FilePermissions FILE = FilePermissions.fromOctalString("644");

    private final Path bundle;
    private final Instant time;

    private Image(Path bundle, Instant time) {
        this.bundle = bundle;
        this.time = time;
    }

    /** Arguments: the distribution's archive, the image's tar file, the version, and the time that all files get. */
    public static void main(String[] arguments) throws Exception {
        Path work = Files.createTempDirectory("lockstep-image-").toRealPath();
        try {
            Path bundle = bundle(Path.of(arguments[0]), work);
            Path tar = Path.of(arguments[1]);
            JibContainer built = new Image(bundle, Instant.parse(arguments[3])).build(tar, arguments[2], work);
            System.out.println(tar + ": lockstep:" + arguments[2] + ", " + built.getDigest());
        } finally {
            run(Map.of(), "rm", "-rf", work.toString());
        }
    }

    private static Path bundle(Path archive, Path work) throws IOException, InterruptedException {
        Path bundle = work.resolve("bundle");
        Path distribution = Files.createDirectory(work.resolve("distribution"));
        run(Map.of(), "tar", "-xzf", archive.toString(), "-C", distribution.toString(), "--strip-components=1");
        run(
                // JavaCPP compares the times of unpacked files with those in the jars, which have no time zone.
                Map.of("JAVA_HOME", System.getProperty("java.home"), "LOCKSTEP_JAVA_OPTIONS", "-Duser.timezone=UTC"),
                distribution.resolve("bin/lockstep").toString(),
                "bundle",
                "--unpack",
                "--out",
                bundle.toString());
        return bundle;
    }

    private static void run(Map<String, String> environment, String... command)
            throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(command).inheritIO();
        builder.environment().putAll(environment);
        int code = builder.start().waitFor();
        if (code != 0) {
            throw new IllegalStateException(String.join(" ", command) + " failed with exit code " + code);
        }
    }

    private JibContainer build(Path tar, String version, Path work) throws Exception {
        JibContainerBuilder image = Jib.fromScratch()
                .setFormat(ImageFormat.Docker)
                .setPlatforms(Set.of(new Platform("amd64", "linux")))
                .setCreationTime(time)
                .addFileEntriesLayer(system(work))
                .addFileEntriesLayer(bundled("java", file -> file.startsWith("jre")))
                .addFileEntriesLayer(bundled("libraries", Image::isLibrary))
                .addFileEntriesLayer(bundled("lockstep", file -> !file.startsWith("jre") && !isLibrary(file)))
                .setEnvironment(Map.of("PATH", HOME + "/bin:" + HOME + "/jre/bin:/bin", "LC_ALL", "C.UTF-8"))
                .setEntrypoint(HOME + "/bin/lockstep")
                .setProgramArguments("--help")
                .setUser("65532:65532")
                .setWorkingDirectory(AbsoluteUnixPath.get("/tmp"))
                .addLabel("org.opencontainers.image.title", "Lockstep")
                .addLabel("org.opencontainers.image.version", version)
                .addLabel("org.opencontainers.image.licenses", "Apache-2.0");
        return image.containerize(Containerizer.to(TarImage.at(tar).named("lockstep:" + version))
                .setOfflineMode(true)
                .setBaseImageLayersCache(work.resolve("base"))
                .setApplicationLayersCache(work.resolve("layers")));
    }

    /** Third-party jars and the unpacked native libraries. */
    private static boolean isLibrary(Path file) {
        return file.startsWith("natives")
                || file.startsWith("lib") && !file.getFileName().toString().startsWith("lockstep-");
    }

    /** Files of a jar, whose times JavaCPP compares with the jar's; beside their folders lies an empty lock. */
    private static boolean isUnpacked(Path file) {
        return file.startsWith("natives") && file.getNameCount() > 2;
    }

    /** A shell, the loader and the libraries, and the few files that the C library reads. */
    private FileEntriesLayer system(Path work) throws IOException {
        FileEntriesLayer.Builder layer = FileEntriesLayer.builder().setName("system");
        Path shell = Path.of("/bin/sh").toRealPath();
        layer.addEntry(shell, AbsoluteUnixPath.get("/bin/sh"), PROGRAM, time);
        for (Path library : SystemLibraries.of(bundle, shell)) {
            layer.addEntry(library.toRealPath(), AbsoluteUnixPath.get(library.toString()), PROGRAM, time);
        }
        Map<String, List<String>> texts = Map.of(
                "/etc/passwd", List.of("root:x:0:0:root:/:/bin/sh", "lockstep:x:65532:65532:lockstep:/tmp:/bin/sh"),
                "/etc/group", List.of("root:x:0:", "lockstep:x:65532:"),
                "/etc/nsswitch.conf", List.of("hosts: files dns"));
        for (String name : texts.keySet().stream().sorted().toList()) {
            Path text = Files.write(work.resolve(name.replace('/', '_')), texts.get(name));
            layer.addEntry(text, AbsoluteUnixPath.get(name), FILE, time);
        }
        layer.addEntry(Files.createDirectory(work.resolve("tmp")), AbsoluteUnixPath.get("/tmp"), FOR_ALL, time);
        return layer.build();
    }

    private FileEntriesLayer bundled(String name, Predicate<Path> chosen) throws IOException {
        FileEntriesLayer.Builder layer = FileEntriesLayer.builder().setName(name);
        try (Stream<Path> files = Files.walk(bundle)) {
            for (Path file : files.sorted().toList()) {
                Path inside = bundle.relativize(file);
                if (Files.isRegularFile(file) && chosen.test(inside)) {
                    layer.addEntry(
                            file,
                            AbsoluteUnixPath.get(HOME + "/" + inside),
                            Files.isExecutable(file) ? PROGRAM : FILE,
                            isUnpacked(inside)
                                    ? Files.getLastModifiedTime(file).toInstant()
                                    : time);
                }
            }
        }
        return layer.build();
    }
}
