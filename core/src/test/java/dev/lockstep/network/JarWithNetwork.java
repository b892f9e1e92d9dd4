package dev.lockstep.network;

import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;

/** A JAR, or a folder in its place, that announces a network. */
public final class JarWithNetwork {
    private JarWithNetwork() {}

    /**
     * Does something while the JAR is on the class path.
     *
     * @param folder becomes the JAR
     * @param provider the class that it announces
     */
    public static <T> T inUse(Path folder, String provider, Callable<T> action) throws Exception {
        Path services = Files.createDirectories(folder.resolve("META-INF/services"));
        Files.writeString(services.resolve(Network.class.getName()), provider + "\n");
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        try (URLClassLoader loader =
                new URLClassLoader(new URL[] {folder.toUri().toURL()}, before)) {
            thread.setContextClassLoader(loader);
            return action.call();
        } finally {
            thread.setContextClassLoader(before);
        }
    }
}
