import java.lang.instrument.Instrumentation;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** An agent of the JVM that loses native memory, for evidence/memory.sh to find: {@code -javaagent:leak.jar=KIB_A_SECOND}. */
public final class Leak {
    private static final List<ByteBuffer> LOST = new ArrayList<>();

    private Leak() {}

    public static void premain(String kibASecond, Instrumentation ignored) {
        int bytes = Integer.parseInt(kibASecond) * 1024;
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
