package dev.lockstep.image.catalog;

import dev.lockstep.image.Dataset;
import dev.lockstep.image.ImageShape;
import dev.lockstep.image.Normalization;
import dev.lockstep.image.format.CifarDataset;
import dev.lockstep.image.format.IdxDataset;
import dev.lockstep.natives.UserCache;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** The data behind the catalog: constants, class names, files, checksums and URLs of the public datasets. */
final class KnownDatasets {
    static final ImageShape PHOTOGRAPH = new ImageShape(3, 224, 224);
    private static final String TRAINING_IMAGES = "train-images-idx3-ubyte";
    private static final String TRAINING_LABELS = "train-labels-idx1-ubyte";
    private static final String VALIDATION_IMAGES = "t10k-images-idx3-ubyte";
    private static final String VALIDATION_LABELS = "t10k-labels-idx1-ubyte";

    private static final List<String> FASHION_CLASSES = List.of(
            "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot");
    private static final List<String> DIGITS =
            IntStream.range(0, 10).mapToObj(Integer::toString).toList();
    private static final List<String> CIFAR10_CLASSES =
            List.of("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck");
    private static final List<String> CIFAR100_CLASSES = List.of(
            ("apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can"
                            + " castle caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile"
                            + " cup dinosaur dolphin elephant flatfish forest fox girl hamster house kangaroo keyboard"
                            + " lamp lawn_mower leopard lion lizard lobster man maple_tree motorcycle mountain mouse"
                            + " mushroom oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree plain plate"
                            + " poppy porcupine possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk"
                            + " skyscraper snail snake spider squirrel streetcar sunflower sweet_pepper table tank"
                            + " telephone television tiger tractor train trout tulip turtle wardrobe whale willow_tree"
                            + " wolf woman worm")
                    .split(" "));

    private KnownDatasets() {}

    static List<DatasetEntry> all() {
        return List.of(
                fashionMnist(),
                mnist(),
                cifar10(),
                cifar100(),
                SyntheticImages.parse(SyntheticImages.NAME),
                StampPhotographs.entry(),
                imageNet(),
                photographs(
                        "imagefolder", "your photographs as CLASS/…, or as train/CLASS/… and val/CLASS/…", true, false),
                photographs("webdataset", "your photographs in tar shards *train*.tar and *val*.tar", false, true));
    }

    private static DatasetEntry imageNet() {
        DatasetSpec spec = new DatasetSpec(
                "imagenet",
                "ILSVRC 2012 as class folders or tar shards (you supply the files)",
                PHOTOGRAPH,
                OptionalInt.of(1000),
                List.of(),
                OptionalInt.of(1_281_167),
                OptionalInt.of(50_000),
                Normalization.IMAGENET);
        return Photographs.imageNet(spec);
    }

    private static DatasetEntry photographs(String name, String title, boolean folders, boolean shards) {
        DatasetSpec spec = new DatasetSpec(
                name,
                title,
                PHOTOGRAPH,
                OptionalInt.empty(),
                List.of(),
                OptionalInt.empty(),
                OptionalInt.empty(),
                Normalization.IMAGENET);
        return Photographs.ofUser(spec, folders, shards);
    }

    private static DatasetEntry fashionMnist() {
        FileSet files = idxFiles(
                "fashion-mnist",
                "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
                "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
                "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
                "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34");
        List<FileSource> sources = List.of(
                new DebianPackage("dataset-fashion-mnist", "usr/share/datasets/fashion-mnist"),
                compressedDownload("https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/", files));
        return idx(
                spec(
                        "fashion-mnist",
                        "clothing, 28×28 grayscale",
                        new ImageShape(1, 28, 28),
                        FASHION_CLASSES,
                        60_000,
                        new Normalization(List.of(0.2860), List.of(0.3530))),
                fetcher(files, List.of(Path.of("/usr/share/datasets/fashion-mnist")), sources));
    }

    private static DatasetEntry mnist() {
        FileSet files = idxFiles(
                "mnist",
                "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
                "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
                "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
                "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2");
        List<FileSource> sources = List.of(
                compressedDownload("https://ossci-datasets.s3.amazonaws.com/mnist/", files),
                compressedDownload("https://storage.googleapis.com/cvdf-datasets/mnist/", files));
        return idx(
                spec(
                        "mnist",
                        "handwritten digits, 28×28 grayscale",
                        new ImageShape(1, 28, 28),
                        DIGITS,
                        60_000,
                        new Normalization(List.of(0.1307), List.of(0.3081))),
                fetcher(files, List.of(), sources));
    }

    private static DatasetEntry cifar10() {
        FileSet files = new FileSet(
                "cifar10",
                "cifar-10-batches-bin",
                List.of(
                        new DataFile(
                                "data_batch_1.bin", "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5"),
                        new DataFile(
                                "data_batch_2.bin", "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed"),
                        new DataFile(
                                "data_batch_3.bin", "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67"),
                        new DataFile(
                                "data_batch_4.bin", "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48"),
                        new DataFile(
                                "data_batch_5.bin", "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add"),
                        new DataFile(
                                "test_batch.bin", "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b")));
        DatasetSpec spec = spec(
                "cifar10",
                "photographs of 10 kinds of things, 32×32 color (binary version)",
                new ImageShape(3, 32, 32),
                CIFAR10_CLASSES,
                50_000,
                new Normalization(List.of(0.4914, 0.4822, 0.4465), List.of(0.2470, 0.2435, 0.2616)));
        return cifar(spec, files, "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz", 1);
    }

    private static DatasetEntry cifar100() {
        FileSet files = new FileSet(
                "cifar100",
                "cifar-100-binary",
                List.of(
                        new DataFile("train.bin", "f31298fc616915fa142368359df1c4ca2ae984d6915ca468b998a5ec6aeebf29"),
                        new DataFile("test.bin", "d8b1e6b7b3bee4020055f0699b111f60b1af1e262aeb93a0b659061746f8224a")));
        DatasetSpec spec = spec(
                "cifar100",
                "photographs of 100 kinds of things, 32×32 color (binary version)",
                new ImageShape(3, 32, 32),
                CIFAR100_CLASSES,
                50_000,
                new Normalization(List.of(0.5071, 0.4865, 0.4409), List.of(0.2673, 0.2564, 0.2762)));
        return cifar(spec, files, "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz", 2);
    }

    private static FileSet idxFiles(String name, String... sha256) {
        return new FileSet(
                name,
                name,
                List.of(
                        new DataFile(TRAINING_IMAGES, sha256[0]),
                        new DataFile(TRAINING_LABELS, sha256[1]),
                        new DataFile(VALIDATION_IMAGES, sha256[2]),
                        new DataFile(VALIDATION_LABELS, sha256[3])));
    }

    private static FileSource compressedDownload(String base, FileSet files) {
        return new PublicDownload(
                URI.create(base),
                files.files().stream().map(file -> file.name() + ".gz").toList());
    }

    static DatasetFetcher fetcher(FileSet files, List<Path> systemFolders, List<FileSource> sources) {
        return new DatasetFetcher(files, systemFolders, UserCache::folder, sources);
    }

    /** A dataset of four IDX files: training images and labels, validation images and labels. */
    static DatasetEntry idx(DatasetSpec spec, DatasetFetcher fetcher) {
        FileSet files = fetcher.files();
        return new SmallImages(
                spec,
                folder -> List.of(
                        readIdx(spec, "training", files, folder.orElseThrow(), 0),
                        readIdx(spec, "validation", files, folder.orElseThrow(), 2)),
                Optional.of(fetcher));
    }

    private static Dataset readIdx(DatasetSpec spec, String split, FileSet files, Path folder, int first) {
        return IdxDataset.read(
                spec.name() + "/" + split,
                files.file(folder, first),
                files.file(folder, first + 1),
                spec.classNames(),
                files.check());
    }

    private static DatasetEntry cifar(DatasetSpec spec, FileSet files, String address, int labelBytes) {
        Set<String> names = files.files().stream().map(DataFile::name).collect(Collectors.toSet());
        DatasetFetcher fetcher = fetcher(files, List.of(), List.of(new PublicArchive(URI.create(address), names)));
        int last = files.files().size() - 1;
        return new SmallImages(
                spec,
                folder -> List.of(
                        readCifar(spec, "training", files, folder.orElseThrow(), 0, last, labelBytes),
                        readCifar(spec, "validation", files, folder.orElseThrow(), last, last + 1, labelBytes)),
                Optional.of(fetcher));
    }

    private static Dataset readCifar(
            DatasetSpec spec, String split, FileSet files, Path folder, int from, int to, int labelBytes) {
        List<Path> paths =
                IntStream.range(from, to).mapToObj(i -> files.file(folder, i)).toList();
        return CifarDataset.read(spec.name() + "/" + split, paths, labelBytes, spec.classNames(), files.check());
    }

    private static DatasetSpec spec(
            String name,
            String title,
            ImageShape shape,
            List<String> classNames,
            int trainingImages,
            Normalization normalization) {
        return new DatasetSpec(
                name,
                title,
                shape,
                OptionalInt.of(classNames.size()),
                classNames,
                OptionalInt.of(trainingImages),
                OptionalInt.of(10_000),
                normalization);
    }
}
