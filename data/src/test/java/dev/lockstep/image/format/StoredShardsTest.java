package dev.lockstep.image.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.image.Dataset;
import dev.lockstep.image.ImageData;
import dev.lockstep.storage.Locations;
import dev.lockstep.storage.MemoryStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.OptionalInt;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Shards in a store, and their copies here. */
final class StoredShardsTest {
    private static final List<String> SHARDS = List.of("train-0.tar", "train-1.tar", "val-0.tar");
    private static final int SHARD_BYTES = 30_720;

    @TempDir
    Path folder;

    private final String name = "shards-" + System.nanoTime();
    private final MemoryStore store = MemoryStore.named(name);
    private final Path remote = Locations.path("mem://" + name + "/set");
    private Path local = Path.of("");
    private Path copies = Path.of("");

    @BeforeEach
    void fill() throws IOException {
        local = Files.createDirectory(folder.resolve("local"));
        copies = folder.resolve("copies");
        Random random = new Random(1);
        for (String shard : SHARDS) {
            TarFiles tar = new TarFiles();
            for (int i = 0; i < 6; i++) {
                byte[] image = new byte[3000 + i];
                random.nextBytes(image);
                tar.add(
                        shard.charAt(0) + shard.substring(shard.length() - 5, shard.length() - 4) + "-" + i + ".jpg",
                        image);
                tar.add(
                        shard.charAt(0) + shard.substring(shard.length() - 5, shard.length() - 4) + "-" + i + ".cls",
                        Integer.toString(i % 2));
            }
            byte[] bytes = tar.bytes();
            assertThat(bytes.length).isLessThanOrEqualTo(SHARD_BYTES);
            Files.write(local.resolve(shard), bytes);
            store.objects.put("set/" + shard, bytes);
        }
    }

    private List<Dataset> read(long most) {
        return WebDataset.read(remote, OptionalInt.empty(), () -> new ShardCache(copies, most));
    }

    private static byte[] image(Dataset set, int index) {
        return ((ImageData.Encoded) set.image(index)).bytes();
    }

    private void assertSameAsLocal(List<Dataset> stored) {
        List<Dataset> here = WebDataset.read(local);
        for (int set = 0; set < 2; set++) {
            assertThat(stored.get(set).fingerprint()).isEqualTo(here.get(set).fingerprint());
            assertThat(stored.get(set).size()).isEqualTo(here.get(set).size());
            for (int i = 0; i < here.get(set).size(); i++) {
                assertThat(image(stored.get(set), i)).isEqualTo(image(here.get(set), i));
                assertThat(stored.get(set).label(i)).isEqualTo(here.get(set).label(i));
            }
        }
    }

    private List<Path> copies() throws IOException {
        try (Stream<Path> files = Files.list(copies)) {
            return files.filter(file -> file.toString().endsWith(".tar")).toList();
        }
    }

    private long reads() {
        return store.calls.stream().filter(call -> call.startsWith("read")).count();
    }

    @ParameterizedTest
    @CsvSource({"1000000, 3", "70000, 2", "0, 0"})
    void images_areThoseOfTheLocalFolder_howeverFewShardsHaveACopy(long most, int kept) throws IOException {
        assertSameAsLocal(read(most));
        assertThat(copies()).hasSize(kept);
        long before = reads();
        List<Dataset> again = read(most);
        assertThat(reads()).as("the index is kept").isEqualTo(before);
        assertSameAsLocal(again);
        assertThat(Files.list(copies).filter(file -> file.toString().endsWith(".part")))
                .isEmpty();
    }

    @Test
    void prefetchedImage_isReadOnce() {
        Dataset training = read(0).get(0);
        long before = reads();
        int[] all = IntStream.range(0, training.size()).toArray();
        training.prefetch(all);
        training.prefetch(all);
        for (int i : all) {
            assertThat(image(training, i)).hasSize(3000 + i % 6);
        }
        assertThat(reads() - before).isEqualTo(all.length);
    }

    @Test
    void damagedCopy_isReplacedByTheStoresBytes() throws IOException {
        List<Dataset> stored = read(1_000_000);
        for (Path copy : copies()) {
            byte[] bytes = Files.readAllBytes(copy);
            bytes[1000] ^= 1;
            try (var channel = FileChannel.open(copy, StandardOpenOption.WRITE)) {
                channel.write(ByteBuffer.wrap(bytes));
            }
        }
        assertSameAsLocal(stored);
    }

    @Test
    void damageInTheStore_isAnErrorThatNamesTheImage() {
        Dataset training = read(0).get(0);
        store.objects.get("set/train-0.tar")[1000] ^= 1;
        assertThatThrownBy(() -> training.image(0))
                .hasMessageContaining("other bytes than when the shard was indexed")
                .hasMessageContaining("train-0.tar:t0-0.jpg");
    }

    @Test
    void shardThatIsReplacedInTheStore_isCopiedAnew() throws IOException {
        read(1_000_000);
        byte[] other = Files.readAllBytes(local.resolve("train-0.tar")).clone();
        other[1000] ^= 1;
        store.objects.put("set/train-0.tar", other);
        Files.write(local.resolve("train-0.tar"), other);
        assertSameAsLocal(read(1_000_000));
    }

    @Test
    void roomForAnotherSet_isMadeByTheCopiesThatWereNotUsedForLong() throws IOException {
        read(3 * SHARD_BYTES);
        List<Path> old = copies();
        SHARDS.forEach(shard -> store.objects.put("other/" + shard, store.objects.get("set/" + shard)));
        Path other = Locations.path("mem://" + name + "/other");
        WebDataset.read(other, OptionalInt.empty(), () -> new ShardCache(copies, 3 * SHARD_BYTES));
        assertThat(copies()).as("copies in use stay").containsExactlyInAnyOrderElementsOf(old);
        for (Path copy : old) {
            Files.setLastModifiedTime(copy, FileTime.fromMillis(1));
        }
        WebDataset.read(other, OptionalInt.empty(), () -> new ShardCache(copies, 3 * SHARD_BYTES));
        assertThat(copies()).hasSize(3).doesNotContainAnyElementsOf(old);
    }

    @Test
    void interruptedCopy_isMadeAgain() throws IOException {
        store.failing = call -> call.equals("read set/train-1.tar");
        assertThatThrownBy(() -> read(1_000_000)).hasMessageContaining("shard = " + remote + "/train-1.tar");
        store.failing = call -> false;
        assertSameAsLocal(read(1_000_000));
        assertThat(copies()).hasSize(3);
    }
}
