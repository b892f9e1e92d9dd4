package dev.lockstep.supervise;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.AlphaChars;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.NumericChars;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.constraints.StringLength;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GroupFileTest {
    private static final int MOST = 999_999_999;

    @TempDir
    Path folder;

    private final List<String> notices = Collections.synchronizedList(new ArrayList<>());

    @Property(tries = 200)
    void whatIsWritten_isRead(
            @ForAll @IntRange(max = MOST) int keeper,
            @ForAll @AlphaChars @NumericChars @StringLength(min = 1, max = 255) String host,
            @ForAll @IntRange(max = 65_535) int port,
            @ForAll @Size(max = 20) Set<@IntRange(max = MOST) Integer> numbers) {
        Map<Integer, SupervisorAddress> standby = new TreeMap<>();
        numbers.forEach(number -> standby.put(number, new SupervisorAddress("fe80::" + number % 9999, port)));
        GroupFile.Content content =
                new GroupFile.Content(keeper, new SupervisorAddress(host, port), keeper / 2, keeper, standby);
        assertThat(GroupFile.Content.parse(content.text())).contains(content);
    }

    @Property(tries = 200)
    void aPartOfIt_isNothing(@ForAll @IntRange(max = 59) int length) {
        GroupFile.Content content = new GroupFile.Content(
                2, new SupervisorAddress("node7", 29_500), 1, 9, Map.of(2, new SupervisorAddress("10.0.0.7", 40_123)));
        assertThat(content.text()).isEqualTo("keeper 2 node7:29500\nterm 1\nnext 9\nprocess 2 10.0.0.7:40123\n");
        String part = content.text().substring(0, length);
        assertThat(GroupFile.Content.parse(part).filter(some -> !some.standby().isEmpty()))
                .isEmpty();
    }

    private GroupFile file(Path path) {
        return new GroupFile(path, GroupSecret.none(), Duration.ofSeconds(1), notices::add);
    }

    @Test
    void noFile_anythingElse_orNobody_isNoGroup() throws IOException {
        Path path = folder.resolve(GroupFile.NAME);
        assertThat(file(path).seek(GroupFile.NOBODY)).isEmpty();
        for (String text : List.of(
                "",
                "keeper 1 a\n",
                "keeper 1 a:99999\nterm 0\nnext 1\n",
                "keeper 1 a:1\nterm 0\nnext 1\nprocess 1\n")) {
            Files.writeString(path, text);
            assertThat(file(path).seek(GroupFile.NOBODY)).as(text).isEmpty();
        }
        // Port 1 of this machine is closed.
        Files.writeString(path, "keeper 0 127.0.0.1:1\nterm 0\nnext 1\nprocess 0 127.0.0.1:1\n");
        assertThat(file(path).seek(GroupFile.NOBODY)).isEmpty();
    }

    @Test
    void aFileThatCannotBeWritten_isANotice() throws Exception {
        Path taken = Files.createFile(folder.resolve("taken"));
        file(taken.resolve(GroupFile.NAME))
                .write(new GroupFile.Content(0, new SupervisorAddress("node0", 1), 0, 1, Map.of()));
        while (notices.isEmpty()) {
            Thread.sleep(5);
        }
        assertThat(notices.get(0)).contains("cannot be written", "MASTER_ADDR");
    }
}
