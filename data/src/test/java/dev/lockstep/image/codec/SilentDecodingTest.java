package dev.lockstep.image.codec;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.ImageData;
import dev.lockstep.sampling.KeyedRandom;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Native decoders print to the process's standard error, which Java cannot intercept, so a separate process decodes.
 */
@Tag("slow")
final class SilentDecodingTest {
    @TempDir
    Path folder;

    @Test
    void decode_damagedFiles_printsNothing() throws IOException, InterruptedException {
        Path err = folder.resolve("err");
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Dorg.bytedeco.javacpp.maxPhysicalBytes=0",
                        "-cp",
                        System.getProperty("java.class.path"),
                        SilentDecodingTest.class.getName())
                .redirectError(err.toFile())
                .redirectOutput(folder.resolve("out").toFile())
                .start();
        assertThat(process.waitFor(5, TimeUnit.MINUTES)).isTrue();
        assertThat(process.exitValue()).isZero();
        assertThat(folder.resolve("out")).isEmptyFile();
        // Of the JVM, JavaCPP, and SLF4J without a provider; the launcher sets what silences them.
        assertThat(Files.readAllLines(err))
                .allMatch(line -> line.matches("SLF4J.*|Warning: Versions of .*|OpenJDK .*|WARNING: .*"), "not ours");
    }

    /** Decodes damaged files, as a whole and in part. */
    public static void main(String[] arguments) throws IOException {
        int refused = 0;
        List<byte[]> files = new ArrayList<>(damaged());
        files.addAll(damagedOfOtherFormats());
        for (byte[] file : files) {
            ImageData.Encoded image = new ImageData.Encoded("x", file);
            try {
                ImageHeader header = ImageHeader.read(image);
                ImageCodec.decode(image, header, 8, 1).close();
                ImageCodec.open(image).close();
            } catch (LockstepException e) {
                refused++;
            }
        }
        System.exit(refused > files.size() / 4 && refused < files.size() ? 0 : 1);
    }

    /** Damaged anywhere, and cut. */
    private static List<byte[]> damagedOfOtherFormats() throws IOException {
        KeyedRandom random = KeyedRandom.of(4);
        List<byte[]> files = new ArrayList<>();
        OtherFormatsTest.files().forEach(entry -> {
            byte[] intact =
                    Base64.getDecoder().decode(entry.getValue().get("file").asText());
            for (int i = 0; i < 60; i++) {
                byte[] changed = intact.clone();
                for (int bit = 0; bit <= i / 20; bit++) {
                    changed[12 + random.nextInt(intact.length - 12)] ^= (byte) (1 << random.nextInt(8));
                }
                files.add(changed);
            }
            for (int length : new int[] {intact.length / 2, intact.length - 3}) {
                files.add(Arrays.copyOf(intact, length));
                files.add(Arrays.copyOf(Arrays.copyOf(intact, length), intact.length));
            }
        });
        return files;
    }

    private static List<byte[]> damaged() {
        KeyedRandom random = KeyedRandom.of(3);
        List<byte[]> files = new ArrayList<>();
        for (int[] layout : JpegExaminationTest.layouts()) {
            byte[] jpeg = ImageCodec.encodeJpegWith(TestImages.pixels(139, 99, 5), layout);
            byte[] zeroed = jpeg.clone();
            Arrays.fill(zeroed, jpeg.length * 35 / 100, jpeg.length - 2, (byte) 0);
            files.add(zeroed);
            for (int i = 0; i < 40; i++) {
                byte[] changed = jpeg.clone();
                changed[jpeg.length / 2 + random.nextInt(jpeg.length / 2 - 2)] ^= (byte) (1 << random.nextInt(8));
                files.add(changed);
            }
            files.add(severalImages(jpeg));
        }
        byte[] rows = new byte[20 * 61];
        for (byte[] pixels : List.of(rows, new byte[20 * 61 + 9], new byte[20 * 61 - 9])) {
            PngFiles png = new PngFiles().header(20, 20, 8, 2, 0);
            for (String odd : List.of("iCCP", "gAMA", "cHRM", "tRNS", "pHYs", "tIME", "eXIf", "acTL")) {
                png.chunk(odd, (byte) 1);
            }
            files.add(png.chunk("IDAT", PngFiles.compressed(pixels)).bytes());
        }
        return files;
    }

    /** Cameras append a second image to the first, so the end marker of the file is not that of the first image. */
    private static byte[] severalImages(byte[] jpeg) {
        byte[] two = Arrays.copyOf(jpeg, 2 * jpeg.length);
        System.arraycopy(jpeg, 0, two, jpeg.length, jpeg.length);
        return two;
    }
}
