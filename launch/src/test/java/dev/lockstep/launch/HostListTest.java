package dev.lockstep.launch;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.CharRange;
import net.jqwik.api.constraints.Chars;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.constraints.StringLength;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HostListTest {
    @ParameterizedTest
    @CsvSource({
        "node7, node7",
        "'a,b-c.example.org', 'a b-c.example.org'",
        "n[1-3], n1 n2 n3",
        "'node[01-03,7],gpu5', 'node01 node02 node03 node7 gpu5'",
        "node[08-11], node08 node09 node10 node11",
        "rack[1-2]-[3-4]x, rack1-3x rack1-4x rack2-3x rack2-4x"
    })
    void hosts_areExpandedInOrder(String text, String expected) {
        assertThat(HostList.hosts(text)).contains(List.of(expected.split(" ")));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ",",
                "a,",
                "n[",
                "n]",
                "n[]",
                "n[1",
                "n[2-1]",
                "n[1-]",
                "n[a]",
                "n[1,]",
                "n]1[",
                "n[1-99999999]",
                "a[1-60000]b[1-60000]",
                "a b"
            })
    void hosts_malformed_isNoList(String text) {
        assertThat(HostList.hosts(text)).isEmpty();
    }

    @Property
    void hosts_anyRange_hasItsNumbers_withTheirZeros(
            @ForAll @IntRange(max = 5000) int first,
            @ForAll @IntRange(max = 300) int more,
            @ForAll @IntRange(min = 1, max = 6) int digits) {
        String form = "%0" + digits + "d";
        List<String> names = new ArrayList<>();
        for (int i = first; i <= first + more; i++) {
            names.add("n" + String.format(Locale.ROOT, form, i));
        }
        String text = String.format(Locale.ROOT, "n[" + form + "-%d]", first, first + more);
        // Slurm pads to the length of the first number.
        assertThat(HostList.hosts(text)).contains(names);
    }

    @Property
    void hosts_anyText_endsSoon(
            @ForAll @StringLength(max = 30) @Chars({'[', ']', ',', '-', 'n'}) @CharRange(from = '0', to = '9')
                    String text) {
        HostList.hosts(text).ifPresent(hosts -> assertThat(hosts).isNotEmpty().doesNotContain(""));
    }

    @Property
    void count_isThatOfTheHost(@ForAll @Size(min = 1, max = 20) List<@IntRange(min = 1, max = 3) Integer> counts) {
        StringBuilder compact = new StringBuilder();
        for (int start = 0; start < counts.size(); ) {
            int end = start;
            while (end < counts.size() && counts.get(end).equals(counts.get(start))) {
                end++;
            }
            compact.append(start == 0 ? "" : ",").append(counts.get(start));
            compact.append(end - start == 1 ? "" : "(x" + (end - start) + ")");
            start = end;
        }
        for (int i = 0; i < counts.size(); i++) {
            assertThat(HostList.count(compact.toString(), i)).isEqualTo(counts.get(i));
        }
        assertThat(HostList.count(compact.toString(), counts.size())).isZero();
    }

    @Property
    void count_anyText_isNoNumber(@ForAll @StringLength(max = 12) String text) {
        assertThat(HostList.count(text + "?", 0)).isZero();
    }
}
