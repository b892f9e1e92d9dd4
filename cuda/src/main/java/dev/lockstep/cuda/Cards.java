package dev.lockstep.cuda;

import dev.lockstep.natives.CudaSupport;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.bytedeco.cuda.cudart.cudaDeviceProp;
import org.bytedeco.cuda.cudart.cudaUUID_t;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.BytePointer;

/**
 * The cards that the CUDA runtime finds.
 *
 * @param driver the newest CUDA that the driver supports, such as 13000 for 13.0; 0 without a driver
 * @param runtime the CUDA of the libraries that are loaded, such as 13030
 * @param error why no card was found, as CUDA says it; empty if one was
 */
record Cards(int driver, int runtime, String error, List<Card> cards) {
    private static final int UUID_BYTES = 16;

    /**
     * A card.
     *
     * @param major the first number of its compute capability
     * @param uuid which no other card has, in hexadecimal
     */
    record Card(String name, int major, int minor, long memory, String uuid) {
        /** As in the names of builds. */
        String architecture() {
            return capability().architecture();
        }

        CudaSupport.Capability capability() {
            return new CudaSupport.Capability(major, minor);
        }
    }

    /** Needs the driver's library. */
    static Cards find() {
        int[] number = new int[1];
        cudart.cudaDriverGetVersion(number);
        int driver = number[0];
        cudart.cudaRuntimeGetVersion(number);
        int runtime = number[0];
        int code = cudart.cudaGetDeviceCount(number);
        if (code != cudart.cudaSuccess) {
            return new Cards(driver, runtime, cudart.cudaGetErrorString(code).getString(), List.of());
        }
        List<Card> found = new ArrayList<>();
        for (int index = 0; index < number[0]; index++) {
            try (cudaDeviceProp properties = new cudaDeviceProp()) {
                Cuda.check(cudart.cudaGetDeviceProperties(properties, index), "cudaGetDeviceProperties");
                found.add(new Card(
                        properties.name().getString(),
                        properties.major(),
                        properties.minor(),
                        properties.totalGlobalMem(),
                        HexFormat.of().formatHex(uuid(properties))));
            }
        }
        return new Cards(driver, runtime, "", List.copyOf(found));
    }

    private static byte[] uuid(cudaDeviceProp properties) {
        byte[] bytes = new byte[UUID_BYTES];
        try (cudaUUID_t uuid = properties.uuid()) {
            new BytePointer(uuid).get(bytes);
        }
        return bytes;
    }

    Card card(int index) {
        return cards.get(index);
    }

    /** A process for each card; where there are more processes than cards, they share. */
    int indexFor(int localRank) {
        return cards.isEmpty() ? 0 : localRank % cards.size();
    }
}
