package dev.lockstep.evidence.process;

import java.io.IOException;
import java.io.InputStream;
import java.lang.instrument.Instrumentation;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.zip.ZipEntry;

/** A JVM agent that leaks native memory, for the memory scenario to detect. */
public final class Leak {
    private static final List<ByteBuffer> LOST = new ArrayList<>();

    private Leak() {}

    /** The JVM option that leaks this many KiB per second; writes the agent's jar to a file. */
    public static String option(Path jar, int kibPerSecond) throws IOException {
        Manifest manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        manifest.getMainAttributes().put(new Attributes.Name("Premain-Class"), Leak.class.getName());
        String name = Leak.class.getName().replace('.', '/') + ".class";
        try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar), manifest);
                InputStream in = Leak.class.getResourceAsStream("/" + name)) {
            out.putNextEntry(new ZipEntry(name));
            in.transferTo(out);
        }
        return "-javaagent:" + jar + "=" + kibPerSecond;
    }

    public static void premain(String kibPerSecond, Instrumentation ignored) {
        int bytes = Integer.parseInt(kibPerSecond) * 1024;
        Thread thread = new Thread(() -> lose(bytes), "leak");
        thread.setDaemon(true);
        thread.start();
    }

    private static void lose(int bytes) {
        try {
            while (true) {
                // The JVM fills it with zeros, so that it is resident.
                LOST.add(ByteBuffer.allocateDirect(bytes));
                Thread.sleep(1000);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
