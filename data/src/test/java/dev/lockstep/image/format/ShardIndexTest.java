package dev.lockstep.image.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lockstep.errors.LockstepException;
import java.util.Arrays;
import java.util.List;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.apache.commons.compress.utils.SeekableInMemoryByteChannel;
import org.assertj.core.api.ThrowableAssertAlternative;
import org.junit.jupiter.api.Test;

final class ShardIndexTest {
    @Test
    void read_findsEveryImageAndItsLabel() {
        byte[] shard = new TarFiles()
                .add("a/one.jpg", (byte) 1, (byte) 2, (byte) 3)
                .add("a/one.cls", "0")
                .add("a/one.json", "{}")
                .add("b/two.cls", " 12\n")
                .add("b/two.seg.png", (byte) 9)
                .add("b/two.PNG", (byte) 4)
                .add("b/two.mask.jpg", (byte) 9)
                .add("b/two.old.cls", "7")
                .bytes();
        List<ShardIndex.Sample> samples = read(shard);

        assertThat(samples).extracting(ShardIndex.Sample::name).containsExactly("a/one.jpg", "b/two.PNG");
        assertThat(samples).extracting(ShardIndex.Sample::label).containsExactly(0, 12);
        assertThat(samples).extracting(ShardIndex.Sample::size).containsExactly(3L, 1L);
        assertThat(shard[(int) samples.get(0).offset() + 2]).isEqualTo((byte) 3);
        assertThat(shard[(int) samples.get(1).offset()]).isEqualTo((byte) 4);
    }

    @Test
    void read_longNames_areWhole() {
        String name = "class/" + "x".repeat(300);
        assertThat(read(new TarFiles()
                        .add(name + ".jpg", (byte) 1)
                        .add(name + ".cls", "3")
                        .bytes()))
                .extracting(ShardIndex.Sample::name)
                .containsExactly(name + ".jpg");
    }

    @Test
    void read_tornAnywhere_isAnError() {
        byte[] whole = new TarFiles()
                .add("a.jpg", new byte[700])
                .add("a.cls", "1")
                .add("b.jpg", new byte[20])
                .add("b.cls", "0")
                .bytes();
        int end = whole.length - 1024;
        for (int length = 1; length < end + 512; length += 37) {
            fails(Arrays.copyOf(whole, length)).withMessageContaining("some.tar");
        }
        fails(Arrays.copyOf(whole, end)).withMessageContaining("its end mark is missing");
        assertThat(read(Arrays.copyOf(whole, end + 512))).hasSize(2);
    }

    @Test
    void read_imageWithoutLabelOrLabelWithoutImage_namesTheKey() {
        fails(new TarFiles().add("a.jpg", (byte) 1).add("b.cls", "1").bytes())
                .withMessageContaining("image has no label")
                .withMessageContaining("member = a");
        fails(new TarFiles().add("a.cls", "1").bytes()).withMessageContaining("label has no image");
    }

    @Test
    void read_sameKeyTwice_isAnError() {
        fails(new TarFiles()
                        .add("a.jpg", (byte) 1)
                        .add("a.cls", "1")
                        .add("b.jpg", (byte) 1)
                        .add("b.cls", "1")
                        .add("a.png", (byte) 1)
                        .add("a.cls", "1")
                        .bytes())
                .withMessageContaining("member = a.png");
    }

    @Test
    void read_twoImagesOrLabelsOfOneKey_namesBoth() {
        fails(new TarFiles()
                        .add("a.jpg", (byte) 1)
                        .add("a.PNG", (byte) 1)
                        .add("a.cls", "1")
                        .bytes())
                .withMessageContaining("a sample has two images, shard = some.tar, member = a.jpg and a.PNG");
        fails(new TarFiles().add("a.cls", "1").add("a.cls", "2").bytes())
                .withMessageContaining("a sample has two labels");
    }

    @Test
    void read_maskWithoutImage_isNotAnImage() {
        fails(new TarFiles().add("a.seg.png", (byte) 1).add("a.cls", "1").bytes())
                .withMessageContaining("label has no image");
    }

    @Test
    void read_damaged_namesTheLastGoodMember() {
        byte[] whole = new TarFiles()
                .add("a.jpg", new byte[700])
                .add("a.cls", "1")
                .add("b.jpg", new byte[700])
                .bytes();
        fails(Arrays.copyOf(whole, 512 + 1024 + 100)).withMessageContaining("last good member = a.jpg, ");
        fails(Arrays.copyOf(whole, 512 + 1024 + 1024 + 512 + 100)).withMessageContaining("last good member = a.cls, ");
        fails(Arrays.copyOf(whole, 100)).withMessageContaining("last good member = none, ");
        byte[] garbage = whole.clone();
        Arrays.fill(garbage, 512 + 1024 + 512 + 512, 512 + 1024 + 512 + 512 + 512, (byte) 'x');
        fails(garbage).withMessageContaining("last good member = a.cls, ");
    }

    @Test
    void read_labelThatIsNoNumber_isAnError() {
        for (String label : List.of("cat", "-1", "", "1.5", "12345678901", "9".repeat(40))) {
            fails(new TarFiles().add("a.jpg", (byte) 1).add("a.cls", label).bytes())
                    .withMessageContaining("label is not a class number")
                    .withMessageContaining("member = a.cls");
        }
    }

    @Test
    void read_otherFiles_areNotArchives() {
        fails("hello, this is a text and not an archive".repeat(100).getBytes(java.nio.charset.StandardCharsets.UTF_8));
        fails(new byte[0]);
    }

    private static List<ShardIndex.Sample> read(byte[] bytes) {
        return ShardIndex.read(new SeekableInMemoryByteChannel(bytes), "some.tar");
    }

    private static ThrowableAssertAlternative<LockstepException> fails(byte[] bytes) {
        return assertThatExceptionOfType(LockstepException.class)
                .isThrownBy(() -> read(bytes))
                .matches(e -> e.kind() == LockstepException.Kind.DATA);
    }

    /** As left by a disk that lost the file's contents, or by a program that wrote an empty archive. */
    @Test
    void read_zerosOrNoSamples_isAnError() {
        fails(new byte[10_240]).withMessageContaining("shard holds no samples").withMessageContaining("some.tar");
        fails(new TarFiles().add("notes.txt", "hello").bytes()).withMessageContaining("shard holds no samples");
    }

    /** Zeros look like an end mark. Members that they replaced must not be lost without an error. */
    @Test
    void read_zerosInsteadOfMembers_isAnError() {
        TarFiles tar = new TarFiles();
        for (int i = 0; i < 700; i++) {
            tar.add(i + ".jpg", new byte[1000]).add(i + ".cls", "0");
        }
        byte[] whole = tar.bytes();
        assertThat(read(whole)).hasSize(700);
        byte[] middle = whole.clone();
        Arrays.fill(middle, 2560, 2560 * 3, (byte) 0);
        fails(middle)
                .withMessageContaining("data follows its end mark")
                .withMessageContaining("last good member = 0.cls");
        byte[] rest = whole.clone();
        Arrays.fill(rest, 2560 * 2, rest.length, (byte) 0);
        fails(rest).withMessageContaining("too many zeros follow its last member, limit = 1048576");
    }

    @Test
    void read_linkOrDeviceInsteadOfAnImage_isAnError() {
        for (byte kind : new byte[] {
            TarConstants.LF_SYMLINK,
            TarConstants.LF_LINK,
            TarConstants.LF_FIFO,
            TarConstants.LF_CHR,
            TarConstants.LF_BLK
        }) {
            fails(new TarFiles().special("a.jpg", kind).add("a.cls", "1").bytes())
                    .withMessageContaining("a member is a link or a device")
                    .withMessageContaining("member = a.jpg");
        }
    }

    /** Members are never unpacked, so a name is only a label. */
    @Test
    void read_namesThatAreOutsidePaths_areOnlyLabels() {
        assertThat(read(new TarFiles()
                        .add("../../etc/a.jpg", (byte) 1)
                        .add("../../etc/a.cls", "0")
                        .bytes()))
                .extracting(ShardIndex.Sample::name)
                .containsExactly("../../etc/a.jpg");
    }

    @Test
    void read_hugeHeader_namesTheLimit() {
        fails(new TarFiles()
                        .special("L", TarConstants.LF_GNUTYPE_LONGNAME, 20 << 20)
                        .add("a.jpg", (byte) 1)
                        .bytes())
                .withMessageContaining("a header is too long, limit in bytes = 16777216");
    }
}
