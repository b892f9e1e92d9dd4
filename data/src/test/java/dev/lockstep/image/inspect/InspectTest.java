package dev.lockstep.image.inspect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.ImageData;
import dev.lockstep.image.ImageShape;
import dev.lockstep.image.catalog.Datasets;
import dev.lockstep.image.catalog.OpenDataset;
import dev.lockstep.image.codec.ImageCodec;
import dev.lockstep.image.codec.PixelSource;
import dev.lockstep.image.format.PhotographFolders;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.recipe.Recipe.Augmentation;
import dev.lockstep.recipe.Recipe.ColorAugmentation;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class InspectTest {
    private static final OpenDataset SYNTHETIC = Datasets.open(
            new Recipe.Data(
                    "synthetic:images=200,validation=10,shape=1x48x48,classes=3",
                    Augmentation.PAD_CROP_FLIP,
                    0,
                    ColorAugmentation.NONE),
            Optional.empty());

    @TempDir
    Path folder;

    @Test
    void sheet_hasOneRowPerSampleAndOneColumnPerView() {
        byte[] png = ContactSheet.draw(SYNTHETIC, 7, new int[] {5, 9, 11}, 4).png();
        try (PixelSource sheet = ImageCodec.open(new ImageData.Encoded("sheet", png))) {
            assertThat(sheet.height()).isEqualTo(3 * 100 + 4);
            assertThat(sheet.width()).isEqualTo(5 * 100 + 4);
            float[][] rows = new float[sheet.height()][sheet.width() * 3];
            sheet.read(0, 0, sheet.width(), sheet.height(), rows);
            byte[] first = ((ImageData.Pixels) SYNTHETIC.training().image(5)).values();
            for (int y = 0; y < 48; y++) {
                for (int x = 0; x < 48; x++) {
                    assertThat(rows[4 + 2 * y][(4 + 2 * x) * 3 + 1]).isEqualTo(first[y * 48 + x] & 0xFF);
                }
            }
            assertThat(rows[0][0]).isEqualTo(255);
        }
    }

    @Test
    void sheet_isAFunctionOfTheSeed() {
        assertThat(ContactSheet.draw(SYNTHETIC, 7, new int[] {5}, 2).png())
                .isEqualTo(ContactSheet.draw(SYNTHETIC, 7, new int[] {5}, 2).png())
                .isNotEqualTo(ContactSheet.draw(SYNTHETIC, 8, new int[] {5}, 2).png());
    }

    @Test
    void sheet_badImage_isACrossAndTheOthersAreDrawn() {
        PhotographFolders.write(folder, List.of("ant", "bee"), 5, 1);
        PhotographFolders.file(folder.resolve("train/ant/3.JPEG"), new byte[0]);
        OpenDataset open = Datasets.open(
                new Recipe.Data("imagefolder", Augmentation.RANDOM_RESIZED_CROP, 96, ColorAugmentation.NONE),
                Optional.of(folder));
        ContactSheet.Drawn drawn = ContactSheet.draw(open, 7, new int[] {3, 2}, 1);

        assertThat(drawn.bad()).singleElement().asString().contains("image file is empty", "ant/3.JPEG");
        ContactSheet.Drawn good = ContactSheet.draw(open, 7, new int[] {2}, 1);
        try (PixelSource sheet = ImageCodec.open(new ImageData.Encoded("sheet", drawn.png()));
                PixelSource alone = ImageCodec.open(new ImageData.Encoded("sheet", good.png()))) {
            float[][] rows = new float[sheet.height()][sheet.width() * 3];
            sheet.read(0, 0, sheet.width(), sheet.height(), rows);
            float[][] expected = new float[alone.height()][alone.width() * 3];
            alone.read(0, 0, alone.width(), alone.height(), expected);
            for (int left : new int[] {4, 104}) {
                assertThat(rows[4 + 10]).startsWith(255, 255, 255).containsSequence(220, 0, 0);
                assertThat(rows[4 + 48][(left + 48) * 3]).isEqualTo(220);
                assertThat(rows[4 + 48][(left + 10) * 3]).isEqualTo(160);
            }
            assertThat(java.util.Arrays.copyOfRange(rows, 104, 200))
                    .isDeepEqualTo(java.util.Arrays.copyOfRange(expected, 4, 100));
        }
    }

    @Test
    void sheet_tooLarge_isAUsageError() {
        assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(() -> ContactSheet.draw(SYNTHETIC, 7, new int[] {5, 6}, 1_000_000_000))
                .matches(e -> e.kind() == LockstepException.Kind.RECIPE)
                .withMessageContaining("rows = 2, columns = 1000000001")
                .withMessageContaining("fewer rows or epochs");
    }

    @Test
    void check_countsClassesAndMeasuresColors() {
        DatasetCheck check = DatasetCheck.of(
                SYNTHETIC.training(),
                SYNTHETIC.evaluationTransform(),
                SYNTHETIC.spec().normalization(),
                100);
        assertThat(check.perClass()).hasSize(3);
        assertThat(java.util.Arrays.stream(check.perClass()).sum()).isEqualTo(200);
        assertThat(check.checked()).isEqualTo(100);
        assertThat(check.bad()).isEmpty();
        assertThat(check.mean().get(0)).isCloseTo(0.5, within(0.08));
        assertThat(check.deviation().get(0)).isCloseTo(0.2, within(0.05));
    }

    @Test
    void check_badImages_areListedAndExcluded() {
        PhotographFolders.write(folder, List.of("ant", "bee"), 5, 1);
        PhotographFolders.file(folder.resolve("train/bee/3.JPEG"), new byte[0]);
        OpenDataset open = Datasets.open(
                new Recipe.Data("imagefolder", Augmentation.NONE, 16, ColorAugmentation.NONE), Optional.of(folder));
        DatasetCheck check = DatasetCheck.of(
                open.training(), open.evaluationTransform(), open.spec().normalization(), Integer.MAX_VALUE);

        assertThat(check.checked()).isEqualTo(10);
        assertThat(check.bad()).hasSize(1).allMatch(message -> message.contains("bee/3.JPEG"));
        assertThat(check.mean()).hasSize(3).allMatch(mean -> mean > 0.1 && mean < 0.9);
        assertThat(open.shape()).isEqualTo(new ImageShape(3, 16, 16));
    }
}
