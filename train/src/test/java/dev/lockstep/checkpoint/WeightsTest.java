package dev.lockstep.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.ImageShape;
import dev.lockstep.model.FlatState;
import dev.lockstep.model.ImageClassifier;
import dev.lockstep.model.Models;
import dev.lockstep.model.ParameterLayout;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.recipe.RecipeFile;
import dev.lockstep.torch.Device;
import dev.lockstep.torch.Tensors;
import dev.lockstep.torch.TorchRuntime;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code golden/torch_files.py} creates the files of torch.save. */
@Tag("slow")
class WeightsTest {
    @TempDir
    Path folder;

    private Path resource(String name) throws IOException {
        try (InputStream in = getClass().getResourceAsStream(name)) {
            return Files.write(folder.resolve(name), in.readAllBytes());
        }
    }

    private static float[] quarters(int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = i / 4f - 1;
        }
        return values;
    }

    private static long[] longs(HostTensor tensor) {
        long[] values = new long[tensor.data().remaining() / Long.BYTES];
        tensor.data()
                .duplicate()
                .order(java.nio.ByteOrder.LITTLE_ENDIAN)
                .asLongBuffer()
                .get(values);
        return values;
    }

    @ParameterizedTest
    @ValueSource(strings = {"state-dict.pt", "state-dict-stream.pt"})
    void read_stateDictOfTorchSave_givesEveryTensorAsPyTorchShowsIt(String file) throws IOException {
        Map<String, HostTensor> tensors = Weights.read(resource(file)).tensors();

        Map<String, long[]> shapes = new LinkedHashMap<>();
        shapes.put("plain", new long[] {2, 3});
        shapes.put("parameter", new long[] {4});
        shapes.put("channels_last", new long[] {2, 3, 2, 2});
        shapes.put("transposed", new long[] {3, 4});
        shapes.put("offset", new long[] {2, 3});
        shapes.put("strided", new long[] {4});
        shapes.put("shares_offset", new long[] {4});
        shapes.put("half", new long[] {7});
        shapes.put("bfloat16", new long[] {7});
        shapes.put("double", new long[] {7});
        shapes.put("empty", new long[] {0, 3});
        shapes.forEach((name, shape) -> {
            assertThat(tensors.get(name).shape()).as(name).isEqualTo(shape);
            assertThat(tensors.get(name).floats()).as(name).isEqualTo(quarters((int)
                    Arrays.stream(shape).reduce(1, (a, b) -> a * b)));
        });
        assertThat(longs(tensors.get("bn.num_batches_tracked"))).containsExactly(12345678901L);
        assertThat(longs(tensors.get("int32"))).containsExactly(-1, Integer.MAX_VALUE);
        assertThat(longs(tensors.get("bytes"))).containsExactly(0, 255);
        assertThat(longs(tensors.get("flags"))).containsExactly(1, 0);
        assertThat(tensors).hasSize(shapes.size() + 4);
        assertThat(List.copyOf(tensors.keySet()).subList(0, shapes.size())).containsExactlyElementsOf(shapes.keySet());
    }

    @ParameterizedTest
    @ValueSource(strings = {"training-checkpoint.pt", "training-checkpoint-stream.pt"})
    void read_trainingCheckpoint_findsTheStateDictAndDropsThePrefix(String file) throws IOException {
        Map<String, HostTensor> tensors = Weights.read(resource(file)).tensors();
        assertThat(tensors.keySet()).containsExactly("weight", "bias");
        assertThat(tensors.get("weight").floats()).isEqualTo(quarters(6));
        assertThat(tensors.get("bias").floats()).isEqualTo(quarters(2));
    }

    @Test
    void read_pickleThatCallsAFunction_namesIt() throws IOException {
        assertThatThrownBy(() -> Weights.read(resource("evil.pt")))
                .isInstanceOf(LockstepException.class)
                .hasMessageContaining("its pickle refers to posix.system")
                .hasMessageContaining("torch.save(model.state_dict(), …)");
        assertThat(folder.resolve("evil-was-run")).doesNotExist();
        assertThat(Path.of("evil-was-run")).doesNotExist();
    }

    @Test
    void read_wholeModule_namesItsClass() {
        assertThatThrownBy(() -> Weights.read(resource("whole-module.pt")))
                .isInstanceOf(LockstepException.class)
                .hasMessageContaining("its pickle refers to torch.nn.modules.linear.Linear");
    }

    @Test
    void read_archiveWithAFlippedByte_givesTheSameTensorsOrIsRefused() throws IOException {
        byte[] good = Files.readAllBytes(resource("state-dict.pt"));
        String expected =
                new Weights("", Weights.read(resource("state-dict.pt")).tensors()).id();
        Path file = folder.resolve("damaged.pt");
        int refused = 0;
        for (int at = 0; at < good.length; at += 5) {
            byte[] bad = good.clone();
            bad[at] ^= 0x11;
            Files.write(file, bad);
            try {
                assertThat(Weights.read(file).id()).as("byte %d", at).isEqualTo(expected);
            } catch (LockstepException e) {
                assertThat(e.kind()).isEqualTo(LockstepException.Kind.CHECKPOINT);
                refused++;
            }
        }
        assertThat(refused).isGreaterThan(good.length / 20);
    }

    @ParameterizedTest
    @ValueSource(strings = {"state-dict-stream.pt", "training-checkpoint.pt"})
    void read_mutatedFile_isReadOrRefused(String name) throws IOException {
        byte[] good = Files.readAllBytes(resource(name));
        Path file = folder.resolve("damaged.pt");
        for (int at = 0; at < good.length; at += 5) {
            byte[] bad = good.clone();
            bad[at] ^= (byte) (1 << at % 8);
            for (byte[] bytes : List.of(bad, Arrays.copyOf(good, at))) {
                Files.write(file, bytes);
                try {
                    Weights.read(file);
                } catch (LockstepException e) {
                    assertThat(e.kind()).isEqualTo(LockstepException.Kind.CHECKPOINT);
                }
            }
        }
    }

    private static Weights small() {
        Map<String, HostTensor> tensors = new LinkedHashMap<>();
        tensors.put("z.weight", HostTensor.of(quarters(6), 2, 3));
        tensors.put("bn.num_batches_tracked", HostTensor.ofLong(-7));
        tensors.put("a.bias", HostTensor.of(quarters(3), 3));
        tensors.put("bn.running_mean", HostTensor.of(quarters(1), 1));
        return new Weights("test", tensors);
    }

    @ParameterizedTest
    @ValueSource(strings = {"w.pt", "w.pth", "w.safetensors"})
    void write_thenRead_givesEqualTensorsInTheSameOrder(String name) throws IOException {
        Path file = folder.resolve(name);
        small().write(file);
        Weights read = Weights.read(file);
        assertThat(read.tensors().keySet())
                .containsExactly("z.weight", "bn.num_batches_tracked", "a.bias", "bn.running_mean");
        small().tensors().forEach((tensor, value) -> {
            assertThat(read.tensors().get(tensor).description()).isEqualTo(value.description());
            assertThat(read.tensors().get(tensor).data()).as(tensor).isEqualTo(value.data());
        });
        byte[] first = Files.readAllBytes(file);
        small().write(file);
        assertThat(Files.readAllBytes(file)).isEqualTo(first);
        assertThat(folder.toFile().list()).containsExactly(name);
    }

    @Test
    void write_torchFile_hasAlignedUncompressedStorages() throws IOException {
        Path file = folder.resolve("w.pt");
        small().write(file);
        byte[] bytes = Files.readAllBytes(file);
        try (ZipFile zip = new ZipFile(file.toFile())) {
            List<String> names = zip.stream().map(ZipEntry::getName).toList();
            assertThat(names)
                    .containsExactly(
                            "archive/data.pkl",
                            "archive/byteorder",
                            "archive/data/0",
                            "archive/data/1",
                            "archive/data/2",
                            "archive/data/3",
                            "archive/version");
            assertThat(zip.stream()).allMatch(entry -> entry.getMethod() == ZipEntry.STORED);
            byte[] storage = zip.getInputStream(zip.getEntry("archive/data/2")).readAllBytes();
            assertThat(storage).hasSize(12);
            int at = indexOf(bytes, "archive/data/2".getBytes(StandardCharsets.US_ASCII));
            int start = at
                    + 14
                    + (ByteBuffer.wrap(bytes)
                            .order(java.nio.ByteOrder.LITTLE_ENDIAN)
                            .getShort(at - 2));
            assertThat(start % 64).isZero();
            assertThat(Arrays.copyOfRange(bytes, start, start + 12)).isEqualTo(storage);
        }
    }

    private static int indexOf(byte[] bytes, byte[] wanted) {
        for (int i = 0; ; i++) {
            if (Arrays.equals(bytes, i, i + wanted.length, wanted, 0, wanted.length)) {
                return i;
            }
        }
    }

    @Test
    void write_unknownExtension_isAnError() {
        assertThatThrownBy(() -> small().write(folder.resolve("w.onnx")))
                .hasMessage("unknown file extension, out = " + folder.resolve("w.onnx")
                        + ", use .safetensors, .pt or .pth");
    }

    @Test
    void id_dependsOnValuesAndNamesButNotOnCountersOrder() {
        Map<String, HostTensor> other = new LinkedHashMap<>();
        small().tensors().entrySet().stream()
                .sorted(Map.Entry.<String, HostTensor>comparingByKey().reversed())
                .forEach(e -> other.put(e.getKey(), e.getValue()));
        other.put("bn.num_batches_tracked", HostTensor.ofLong(3));
        assertThat(new Weights("", other).id()).isEqualTo(small().id()).matches("sha256:[0-9a-f]{64}");
        other.put("a.bias", HostTensor.of(new float[] {0, 0, 1}, 3));
        assertThat(new Weights("", other).id()).isNotEqualTo(small().id());
    }

    private static final ImageShape SHAPE = new ImageShape(3, 8, 8);

    private static Recipe recipe() {
        return RecipeFile.parse(
                "{name: test, epochs: 1, workers: 1, data: {dataset: synthetic}, model: {name: resnet8, width: 4}}",
                "test",
                Map.of());
    }

    private static FlatState state(long seed) {
        TorchRuntime.load();
        ImageClassifier network = Models.create(recipe().model(), SHAPE, 5);
        network.initialize(seed);
        return new FlatState(
                Device.cpu(),
                ParameterLayout.of(network.module()),
                recipe().optimizer().state(),
                network);
    }

    @Test
    void assignTo_otherNetworksState_makesItEqual() {
        FlatState from = state(1);
        from.running().fill_(Tensors.scalar(3));
        FlatState to = state(2);
        assertThat(Weights.of(to, 0).id()).isNotEqualTo(Weights.of(from, 9).id());
        Weights.of(from, 9).assignTo(to);
        assertThat(Weights.of(to, 0).id()).isEqualTo(Weights.of(from, 9).id());
        assertThat(Tensors.toArray(to.parameters())).isEqualTo(Tensors.toArray(from.parameters()));
    }

    @Test
    void requireFit_namesEveryMisfitAtOnce() {
        FlatState state = state(1);
        Map<String, HostTensor> tensors =
                new LinkedHashMap<>(Weights.of(state, 0).tensors());
        tensors.remove("layer1.0.conv2.weight");
        tensors.remove("bn1.running_var");
        tensors.remove("bn1.num_batches_tracked");
        tensors.put("fc.bias", HostTensor.of(new float[10], 10));
        tensors.put("fc.weight", HostTensor.ofLong(1));
        tensors.put("layer4.0.conv1.weight", HostTensor.of(new float[1], 1));
        assertThatThrownBy(() -> new Weights("file = w.pt", tensors).requireFit(state.layout()))
                .isInstanceOf(LockstepException.class)
                .hasMessage("weights do not fit the network: 2 missing: bn1.running_var, layer1.0.conv2.weight;"
                        + " 2 of another shape: fc.weight I64[] instead of F32[5, 16], fc.bias F32[10] instead"
                        + " of F32[5]; 1 too many: layer4.0.conv1.weight, file = w.pt, use the recipe and the dataset"
                        + " (number of classes) that they were trained with");
    }

    @Test
    void assignTo_network_makesItEqual() {
        FlatState from = state(1);
        from.running().fill_(Tensors.scalar(0.5));
        ImageClassifier network = Models.create(recipe().model(), SHAPE, 5);
        Weights.of(from, 4).assignTo(network.module());
        FlatState to = new FlatState(ParameterLayout.of(network.module()), network);
        assertThat(Weights.of(to, 0).id()).isEqualTo(Weights.of(from, 0).id());
    }

    @Test
    void pickle_writtenByPickleWriter_canBeRead() throws IOException {
        PickleWriter writer = new PickleWriter();
        small().tensors().forEach(writer::tensor);
        Object read = PickleReader.read(new ByteArrayInputStream(writer.finish()));
        assertThat(((Map<?, ?>) read).get("z.weight").toString()).contains("type=F32, key=0, elements=6");
    }

    @Test
    void checkpointFile_asWeights_omitsTheOptimizer() throws IOException {
        FlatState state = state(1);
        Map<String, HostTensor> all = Checkpoint.tensors(state, 3);
        Checkpoint checkpoint = new Checkpoint(3, 0, 3, recipe().toYaml(), "f", List.of("a \"b\"", "c"), "{}", all);
        Path file = new CheckpointDirectory(folder, 2, notice -> {}).write(checkpoint);
        Weights weights = Weights.read(file);
        assertThat(weights.tensors().keySet())
                .containsExactlyElementsOf(state.layout().stateNames());
        assertThat(weights.id()).isEqualTo(Weights.of(checkpoint).id());
        assertThat(Checkpoint.read(file).classNames()).containsExactly("a \"b\"", "c");
        assertThat(Checkpoint.read(file).tensors().keySet()).containsExactlyElementsOf(all.keySet());
    }
}
