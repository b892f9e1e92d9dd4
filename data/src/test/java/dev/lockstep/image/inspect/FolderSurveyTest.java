package dev.lockstep.image.inspect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.ImageData;
import dev.lockstep.image.codec.ImageCodec;
import dev.lockstep.image.codec.ImageHeader.Format;
import dev.lockstep.image.codec.TestImages;
import dev.lockstep.image.format.PhotographFolders;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class FolderSurveyTest {
    @TempDir
    private Path folder;

    private void images(String name, int count, int width, int height) {
        for (int i = 0; i < count; i++) {
            PhotographFolders.file(
                    folder.resolve(name + "/" + i + ".jpg"), TestImages.jpeg(width, height, name.hashCode() + i));
        }
    }

    @Test
    void survey_ofClassFolders_countsAndNames() {
        images("ant", 10, 60, 40);
        images("bee", 20, 30, 90);
        PhotographFolders.file(folder.resolve("bee/broken.jpg"), new byte[] {1, 2, 3});
        PhotographFolders.file(folder.resolve("bee/notes.txt"), new byte[] {1});
        PhotographFolders.file(folder.resolve("ant/a.png"), TestImages.png(50, 50, 9));
        FolderSurvey survey = FolderSurvey.of(folder, 0.3, 1000);

        assertThat(survey.classNames()).containsExactly("ant", "bee");
        assertThat(survey.perClass()).containsExactly(11, 21);
        assertThat(survey.images()).isEqualTo(32);
        assertThat(survey.validationImages()).isBetween(2, 20);
        assertThat(survey.split()).isTrue();
        assertThat(survey.examined()).isEqualTo(32);
        assertThat(survey.formats()).containsEntry(Format.JPEG, 30L).containsEntry(Format.PNG, 1L);
        assertThat(survey.shortSides()).hasSize(31).isSorted().startsWith(30).endsWith(50);
        assertThat(survey.gray()).isFalse();
        assertThat(survey.bad()).singleElement().asString().contains("bee/broken.jpg");
        assertThat(survey.skipped().names()).containsExactly("bee/notes.txt");
        assertThat(FolderSurvey.of(folder, 0.3, 5).examined()).isEqualTo(5);
    }

    @Test
    void survey_ofTrainAndVal_doesNotSplit() {
        PhotographFolders.write(folder, List.of("ant", "bee"), 5, 2);
        FolderSurvey survey = FolderSurvey.of(folder, 0.3, 1000);
        assertThat(survey.split()).isFalse();
        assertThat(survey.trainingImages()).isEqualTo(10);
        assertThat(survey.validationImages()).isEqualTo(4);
        assertThat(survey.perClass()).containsExactly(7, 7);
    }

    @Test
    void survey_ofGrayImages_knows() {
        for (int i = 0; i < 6; i++) {
            byte[] values = new byte[20 * 20 * 3];
            Arrays.fill(values, (byte) (40 * i));
            byte[] png = ImageCodec.encodePng(new ImageData.Pixels(20, 20, 3, values));
            PhotographFolders.file(folder.resolve((i % 2 == 0 ? "a/" : "b/") + i + ".png"), png);
        }
        assertThat(FolderSurvey.of(folder, 0.3, 1000).gray()).isTrue();
    }

    @Test
    void survey_ofNoClassFolders_saysWhatToDo() throws Exception {
        PhotographFolders.file(folder.resolve("1.jpg"), TestImages.jpeg(40, 40, 1));
        fails(folder).withMessageContaining("images lie in no class folders").withMessageContaining("for each class");
        fails(folder.resolve("nowhere")).withMessageContaining("no such folder");
        fails(Files.createDirectory(folder.resolve("empty"))).withMessageContaining("no class folders");
    }

    private static org.assertj.core.api.ThrowableAssertAlternative<LockstepException> fails(Path folder) {
        return assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(() -> FolderSurvey.of(folder, 0.2, 100))
                .matches(e -> e.kind() == LockstepException.Kind.DATA);
    }
}
