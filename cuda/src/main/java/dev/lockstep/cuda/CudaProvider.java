package dev.lockstep.cuda;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.torch.Device;
import dev.lockstep.torch.DeviceProvider;
import dev.lockstep.torch.LibraryVersion;
import dev.lockstep.torch.TorchRuntime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.bytedeco.cuda.global.nccl;
import org.bytedeco.pytorch.Context;

/** Opens NVIDIA cards, or says why it cannot. */
public final class CudaProvider implements DeviceProvider {
    private static final Map<Integer, CudaDevice> OPEN = new ConcurrentHashMap<>();

    @Override
    public String kind() {
        return "cuda";
    }

    @Override
    public Optional<LockstepException> missing(String name) {
        return Requirements.beforeLoading(Driver.ofThisMachine(), System.getProperties())
                .failure(name);
    }

    @Override
    public Device open(int index, int localRank) {
        String name = index < 0 ? kind() : kind() + ":" + index;
        Driver driver = Driver.ofThisMachine();
        Requirements.beforeLoading(driver, System.getProperties()).require(name);
        TorchRuntime.load();
        Requirements.afterLoading(LoadedLibraries.ofThisProcess()).require(name);
        // Read once by libraries, when they are first used.
        CudaDevice.setEnvironment();
        Cards cards = Cards.find();
        int chosen = index < 0 ? cards.indexFor(localRank) : index;
        Requirements.ofCards(cards, driver, chosen).require(name);
        return OPEN.computeIfAbsent(chosen, number -> new CudaDevice(number, cards.card(number), driver));
    }

    @Override
    public int count() {
        String visible = System.getenv().getOrDefault("CUDA_VISIBLE_DEVICES", "");
        return visible.isEmpty() ? Driver.ofThisMachine().cards() : visible.split(",").length;
    }

    @Override
    public List<LibraryVersion> libraries() {
        TorchRuntime.load();
        List<LibraryVersion> found = new ArrayList<>();
        found.add(Versions.of("cuDNN", Context.versionCuDNN(), Context.versionRuntimeCuDNN()));
        // The bindings of these load the driver's library.
        if (Driver.ofThisMachine().isThere()) {
            found.add(Versions.cuda(Context.versionCUDART(), Cards.find().runtime()));
            found.add(Versions.of("NCCL", nccl.NCCL_VERSION_CODE, Nccl.version()));
        }
        return found;
    }
}
