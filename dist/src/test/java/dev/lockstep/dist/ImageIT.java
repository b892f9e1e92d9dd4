package dev.lockstep.dist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The image: its manifest and layers, whether a second build is the same, and a run in its file system. */
@Timeout(900)
final class ImageIT {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    static Path temp;

    private static Path tar;
    private static Path files;
    private static JsonNode manifest;

    @BeforeAll
    static void build() throws Exception {
        Sandbox.open(temp);
        tar = build("image.tar");
        files = Files.createDirectory(temp.resolve("files"));
        Sandbox.require("tar", "-xf", tar.toString(), "-C", files.toString());
        manifest = JSON.readTree(files.resolve("manifest.json").toFile()).path(0);
    }

    private static Path build(String name) throws Exception {
        Path tar = temp.resolve(name);
        Image.main(new String[] {
            System.getProperty("lockstep.archive"),
            tar.toString(),
            System.getProperty("lockstep.version"),
            System.getProperty("lockstep.time")
        });
        return tar;
    }

    private static List<String> texts(JsonNode list) {
        return StreamSupport.stream(list.spliterator(), false)
                .map(JsonNode::asText)
                .toList();
    }

    private static List<List<String>> layers() throws Exception {
        List<List<String>> layers = new ArrayList<>();
        for (String layer : texts(manifest.path("Layers"))) {
            Sandbox.Result listed = Sandbox.run(
                    Map.of(), List.of("tar", "--warning=no-unknown-keyword", "-tzf", files.resolve(layer).toString()));
            layers.add(listed.out().lines().filter(line -> !line.endsWith("/")).toList());
        }
        return layers;
    }

    @Test
    void layers_goFromWhatChangesLeastToWhatChangesMost() throws Exception {
        List<List<String>> layers = layers();
        assertThat(layers).hasSize(4);
        assertThat(layers.get(0))
                .contains("bin/sh", "etc/passwd")
                .anyMatch(name -> name.endsWith("/libc.so.6"))
                .anyMatch(name -> name.endsWith("/libstdc++.so.6"))
                .noneMatch(name -> name.startsWith("opt/"));
        assertThat(layers.get(1))
                .contains("opt/lockstep/jre/bin/java")
                .allMatch(name -> name.startsWith("opt/lockstep/jre/"));
        assertThat(layers.get(2))
                .anyMatch(name -> name.startsWith("opt/lockstep/natives/") && name.endsWith("/libtorch_cpu.so"))
                .noneMatch(name -> name.contains("/lockstep-"));
        assertThat(layers.get(3))
                .contains(
                        "opt/lockstep/bin/lockstep", "opt/lockstep/LICENSE", "opt/lockstep/recipes/fashion-mnist.yaml")
                .filteredOn(name -> name.endsWith(".jar"))
                .hasSize(7)
                .allMatch(name -> name.startsWith("opt/lockstep/lib/lockstep-"));
    }

    @Test
    void configuration_startsTheLauncherAsAnOrdinaryUser() throws Exception {
        JsonNode image =
                JSON.readTree(files.resolve(manifest.path("Config").asText()).toFile());
        JsonNode config = image.path("config");
        assertThat(texts(config.path("Entrypoint"))).containsExactly("/opt/lockstep/bin/lockstep");
        assertThat(config.path("User").asText()).isEqualTo("65532:65532");
        assertThat(image.path("os").asText()).isEqualTo("linux");
        assertThat(image.path("architecture").asText()).isEqualTo("amd64");
        assertThat(image.path("created").asText())
                .startsWith(System.getProperty("lockstep.time").substring(0, 10));
        assertThat(texts(manifest.path("RepoTags")))
                .containsExactly("lockstep:" + System.getProperty("lockstep.version"));
    }

    @Test
    void secondBuild_isTheSame() throws Exception {
        assertThat(Files.mismatch(build("again.tar"), tar)).isEqualTo(-1);
    }

    /** As a container engine would run it, on a read-only file system; needs root for the chroot. */
    @Test
    void train_inTheFileSystemOfTheImage_hasTheWeightsOfTheCheckout() throws Exception {
        assumeTrue(Sandbox.ROOT);
        Path root = Files.createDirectory(temp.resolve("root"));
        Sandbox.open(root);
        for (String layer : texts(manifest.path("Layers"))) {
            Sandbox.require("tar", "-xpzf", files.resolve(layer).toString(), "-C", root.toString());
        }
        for (String folder : List.of("dev", "proc", "runs")) {
            Files.createDirectory(root.resolve(folder));
        }
        Path runs = Files.createDirectory(temp.resolve("runs"));
        Sandbox.require("chown", "65532:65532", runs.toString());
        Path image = Path.of("/opt/lockstep");
        List<String> command = new ArrayList<>(List.of(
                "unshare",
                "-mnpf",
                "--",
                "sh",
                "-ec",
                "root=$0; mount --bind \"$root\" \"$root\"; mount -o remount,bind,ro \"$root\"; mount --bind /dev"
                        + " \"$root/dev\"; mount -t proc proc \"$root/proc\"; mount --bind \"$1\" \"$root/runs\"; shift;"
                        + " exec chroot --userspec=65532:65532 \"$root\" \"$@\"",
                root.toString(),
                runs.toString(),
                "/opt/lockstep/bin/lockstep"));
        command.addAll(List.of(Sandbox.training(image, Path.of("/runs/run"))));
        List<String> empty = new ArrayList<>(List.of("env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"));
        empty.addAll(command);
        Sandbox.Result result = Sandbox.run(Map.of(), empty);
        assertThat(result.exitCode()).as(result.out()).isZero();
        assertThat(Sandbox.weights(runs.resolve("run")))
                .isEqualTo(Sandbox.weightsOfTheCheckout(temp.resolve("checkout")));
    }
}
