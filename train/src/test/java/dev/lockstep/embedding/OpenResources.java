package dev.lockstep.embedding;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Collectors;

/** What a JVM holds at one moment that a group must give back: Lockstep's threads, sockets and selectors. */
record OpenResources(Set<Thread> threads, int descriptors) {
    private static final long PATIENCE_SECONDS = 20;

    static OpenResources now() throws IOException {
        Set<Thread> threads = Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("lockstep-"))
                .collect(Collectors.toSet());
        int count = 0;
        try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
            for (Path descriptor : descriptors) {
                count += isOfANetwork(descriptor) ? 1 : 0;
            }
        }
        return new OpenResources(threads, count);
    }

    private static boolean isOfANetwork(Path descriptor) {
        try {
            String target = Files.readSymbolicLink(descriptor).toString();
            return target.startsWith("socket:") || target.endsWith("[eventpoll]") || target.endsWith("[eventfd]");
        } catch (IOException e) {
            // The descriptor of the listing itself, gone by now.
            return false;
        }
    }

    /** Waits until nothing is open that was not open at this moment. */
    void requireNoMore() throws Exception {
        long deadline = System.nanoTime() + PATIENCE_SECONDS * 1_000_000_000;
        OpenResources left = now();
        while (!isEnough(left) && System.nanoTime() < deadline) {
            Thread.sleep(20);
            left = now();
        }
        assertThat(left.threads).as("threads that were left").isSubsetOf(threads);
        assertThat(left.descriptors).as("sockets and selectors").isLessThanOrEqualTo(descriptors);
    }

    private boolean isEnough(OpenResources left) {
        return threads.containsAll(left.threads) && left.descriptors <= descriptors;
    }
}
