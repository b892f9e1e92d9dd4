package dev.lockstep.collective;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** The addresses on which this process listens, as the kernel has them. */
final class ListeningPorts {
    private static final String LISTEN = "0A";
    private static final String MAPPED = "0000000000000000FFFF0000";

    private ListeningPorts() {}

    /** In the form {@code 127.0.0.1:29500}; {@code 0.0.0.0} and {@code ::} stand for all interfaces. */
    static List<String> ofThisProcess() throws IOException {
        Set<String> sockets = new HashSet<>();
        try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
            for (Path descriptor : descriptors) {
                try {
                    sockets.add(Files.readSymbolicLink(descriptor).toString());
                } catch (IOException e) {
                    // The descriptor of the listing itself, gone by now.
                }
            }
        }
        try (Stream<String> four = Files.lines(Path.of("/proc/self/net/tcp"));
                Stream<String> six = Files.lines(Path.of("/proc/self/net/tcp6"))) {
            return Stream.concat(four.skip(1), six.skip(1))
                    .map(line -> line.strip().split("\\s+"))
                    .filter(words -> words[3].equals(LISTEN) && sockets.contains("socket:[" + words[9] + "]"))
                    .map(words -> address(words[1]))
                    .toList();
        }
    }

    private static String address(String hexadecimal) {
        String[] parts = hexadecimal.split(":");
        String four = parts[0].startsWith(MAPPED) ? parts[0].substring(MAPPED.length()) : parts[0];
        String host = four.length() == 8 ? dotted(four) : "::";
        return host + ":" + Integer.parseInt(parts[1], 16);
    }

    private static String dotted(String littleEndian) {
        StringBuilder host = new StringBuilder();
        for (int i = 6; i >= 0; i -= 2) {
            host.append(Integer.parseInt(littleEndian.substring(i, i + 2), 16)).append(i == 0 ? "" : ".");
        }
        return host.toString();
    }
}
