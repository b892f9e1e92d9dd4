package dev.lockstep.storage;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.files.DurableFiles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A store through {@code Files}. */
final class StoreFilesTest {
    private final MemoryStore store = MemoryStore.named("files");
    private final Path root = Locations.path("mem://files");

    @BeforeEach
    void clear() {
        store.objects.clear();
        store.failing = call -> false;
    }

    private void object(String key, String text) {
        store.objects.put(key, text.getBytes(UTF_8));
    }

    @Test
    void object_isAFileAndWhatIsAboveItAFolder() throws IOException {
        object("run/recipe.yaml", "name: a");
        Path run = root.resolve("run");
        assertThat(run).isDirectory().isNotEmptyDirectory();
        assertThat(run.resolve("recipe.yaml")).isRegularFile().hasContent("name: a");
        assertThat(Files.size(run.resolve("recipe.yaml"))).isEqualTo(7);
        assertThat(Files.exists(run.resolve("none"))).isFalse();
        assertThatThrownBy(() -> Files.readString(run.resolve("none"))).isInstanceOf(NoSuchFileException.class);
    }

    @Test
    void listing_hasTheDirectChildren() throws IOException {
        object("data/a.tar", "");
        object("data/b/c.tar", "");
        try (Stream<Path> children = Files.list(Locations.path("mem://files/data/"))) {
            assertThat(children.map(Path::toString))
                    .containsExactlyInAnyOrder("mem://files/data/a.tar", "mem://files/data/b");
        }
        try (Stream<Path> all = Files.walk(root)) {
            assertThat(all.filter(Files::isRegularFile)).hasSize(2);
        }
    }

    @Test
    void channel_readsAnyPartOfALargeObject() throws IOException {
        byte[] bytes = new byte[2 * RangeChannel.BLOCK + 77];
        new Random(1).nextBytes(bytes);
        store.objects.put("large", bytes);
        Path large = root.resolve("large");
        assertThat(Files.readAllBytes(large)).isEqualTo(bytes);
        try (var channel = Files.newByteChannel(large)) {
            ByteBuffer part = ByteBuffer.allocate(100);
            channel.position(RangeChannel.BLOCK - 50);
            while (part.hasRemaining()) {
                channel.read(part);
            }
            assertThat(part.flip()).isEqualTo(ByteBuffer.wrap(bytes, RangeChannel.BLOCK - 50, 100));
            assertThat(channel.position(bytes.length).read(part.clear())).isEqualTo(-1);
        }
        try (FileChannel copy = FileChannel.open(large)) {
            assertThat(copy.size()).isEqualTo(bytes.length);
        }
    }

    @Test
    void durableWrite_putsTheObjectWhole() throws IOException {
        DurableFiles.write(root.resolve("a/b.txt"), "text");
        assertThat(store.objects.get("a/b.txt")).isEqualTo("text".getBytes(UTF_8));
        store.failing = call -> call.startsWith("put");
        assertThatThrownBy(() -> DurableFiles.write(root.resolve("a/b.txt"), "other"))
                .hasMessage("the store answered 503");
        assertThat(root.resolve("a/b.txt")).hasContent("text");
    }

    @Test
    void objectThatIsOpenedToBeChanged_isRefused() {
        object("a", "text");
        assertThatThrownBy(() -> FileChannel.open(root.resolve("a"), StandardOpenOption.WRITE))
                .hasMessageContaining("cannot be locked, changed or appended to: mem://files/a");
    }

    @Test
    void failureThatPasses_isNotSeen() throws IOException {
        object("a", "text");
        int[] failures = {2};
        store.failing = call -> call.startsWith("read") && failures[0]-- > 0;
        assertThat(root.resolve("a")).hasContent("text");
    }

    @Test
    void storeThatDoesNotAnswer_isNotTakenForAnEmptyOne() {
        store.failing = call -> true;
        assertThat(Files.exists(root)).isFalse();
        assertThatThrownBy(() -> Stores.requireAnswer(root.resolve("data")))
                .hasMessage("the store does not answer: the store answered 503, folder = mem://files/data,"
                        + " check its address and the credentials");
    }

    @Test
    void paths_behaveLikePaths() {
        Path run = Locations.path("mem://files/runs/one/");
        assertThat(run)
                .hasToString("mem://files/runs/one")
                .isEqualTo(root.resolve("runs").resolve("one"));
        assertThat(run.getFileName()).hasToString("one");
        assertThat(run.resolveSibling("two")).hasToString("mem://files/runs/two");
        assertThat(run.getParent()).hasToString("mem://files/runs");
        assertThat(root.relativize(run)).hasToString("runs/one");
        assertThat(run.startsWith(root)).isTrue();
        assertThat(run.toUri()).hasToString("mem://files/runs/one");
        assertThat(Stores.isRemote(run)).isTrue();
    }
}
