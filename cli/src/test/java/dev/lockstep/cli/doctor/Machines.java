package dev.lockstep.cli.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.text.Format;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;

/** Example machines. */
final class Machines {
    private Machines() {}

    /** With the launcher's environment: 2 of 2 cores, 8 GiB. */
    static Machine good(Path root) {
        Map<String, String> environment = new HashMap<>(Map.of(
                "GLIBC_TUNABLES", "glibc.malloc.hugetlb=1:glibc.malloc.tcache_count=0",
                "MALLOC_MMAP_THRESHOLD_", "4294967296",
                "MALLOC_TRIM_THRESHOLD_", "34359738368",
                "MALLOC_TOP_PAD_", "67108864",
                "OMP_NUM_THREADS", "1"));
        Properties properties = new Properties();
        properties.putAll(Map.of(
                "os.name", "Linux",
                "user.home", root.toString(),
                "user.dir", root.toString(),
                "java.class.path", "",
                "org.bytedeco.javacpp.maxPhysicalBytes", "0"));
        return new Machine(environment, properties, root, 2, 8 * Format.GIB, 2 * Format.GIB);
    }

    /** The only finding about a subject. */
    static Finding about(String subject, List<Finding> findings) {
        List<Finding> matching = findings.stream()
                .filter(finding -> finding.subject().equals(subject))
                .toList();
        assertThat(matching).as(subject).hasSize(1);
        return matching.get(0);
    }
}
