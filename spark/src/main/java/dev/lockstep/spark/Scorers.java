package dev.lockstep.spark;

import dev.lockstep.errors.LockstepException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.Supplier;

/** The networks in this JVM, each loaded once, by a class loader for each installation of Lockstep. */
final class Scorers {
    private static final Map<String, Function<List<byte[]>, List<double[]>>> LOADED = new ConcurrentHashMap<>();
    /** A JVM loads a native library in one class loader only. */
    private static final Map<String, ClassLoader> LOADERS = new ConcurrentHashMap<>();

    private Scorers() {}

    /**
     * @param home see {@link SparkOptions#home}
     * @param id distinguishes weights
     * @param weights the bytes of a checkpoint
     */
    static Function<List<byte[]>, List<double[]>> get(String home, String id, Supplier<byte[]> weights) {
        return LOADED.computeIfAbsent(id, unused -> {
            ClassLoader loader = LOADERS.computeIfAbsent(home, Scorers::loader);
            // Spark reads a broadcast with the context's class loader, too.
            byte[] bytes = weights.get();
            Function<List<byte[]>, List<double[]>> scorer = within(loader, () -> load(loader, bytes));
            return images -> within(loader, () -> scorer.apply(images));
        });
    }

    private static ClassLoader loader(String home) {
        List<URL> jars = new ArrayList<>();
        try {
            jars.add(TrainTask.ownJar().toUri().toURL());
            for (Path jar : Home.jars(home)) {
                jars.add(jar.toUri().toURL());
            }
        } catch (MalformedURLException e) {
            throw new IllegalStateException(e);
        }
        return new URLClassLoader("lockstep", jars.toArray(URL[]::new), ClassLoader.getPlatformClassLoader());
    }

    /** Networks and datasets are found with the context's class loader. */
    private static <T> T within(ClassLoader loader, Supplier<T> call) {
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        thread.setContextClassLoader(loader);
        try {
            return call.get();
        } finally {
            thread.setContextClassLoader(before);
        }
    }

    @SuppressWarnings("unchecked")
    private static Function<List<byte[]>, List<double[]>> load(ClassLoader loader, byte[] weights) {
        try {
            Path file = Files.createTempFile("lockstep-", ".safetensors");
            try {
                Files.write(file, weights);
                return (Function<List<byte[]>, List<double[]>>) loader.loadClass("dev.lockstep.spark.score.Scorer")
                        .getConstructor(String.class)
                        .newInstance(file.toString());
            } finally {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InvocationTargetException e) {
            throw LockstepException.worker("the network cannot be loaded: " + e.getCause(), "", "");
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("Lockstep of another version", e);
        }
    }
}
