using System;

namespace Darkbloom.Protocol.Tests;

/// <summary>
/// What Vectors/known_answers.py prints: an implementation of its own, in another language, from the standards.
/// </summary>
internal static class KnownAnswers
{
    internal static readonly byte[] InitiatorStatic = Convert.FromHexString(
        "d931b7e2a0ad0fa58b73f883789624977c58c1e656b950cb66444e8c98091fcbb847649d467c96b99839d0c70bb6b0a9"
        + "195768b80bcc31e7163231a0fbb59832f9e08612856717e2dc028d2dbcf935b5b6fdea9ab3474e03970a9ff68105e2a5");

    internal static readonly byte[] InitiatorEphemeral = Convert.FromHexString(
        "d26f28a6ad999dd49aef22222d50cc45087c03a3b4cabbd417fd8084a8a5f76c531821b98f98600950e6b3e065c29d33"
        + "1c239cbdbed20b6526c139297ef3abb5c9e9cd62a556d8236b69e976b2e8065311ad4f921b6e23e6f370680b96e1de2d");

    internal static readonly byte[] ResponderStatic = Convert.FromHexString(
        "98a7657b91010434a822b0e4d76fe205069396f857c8caf08c74aa11f3d6dd85f11cf90b5c6c4cec892df5a19b9908ec"
        + "8183d3e51780d80adcaff18cfce7ba238c0d5470ba097bbdb5ec80829076a72d693efd3f5bd8e1a707e85d977261f764");

    internal static readonly byte[] ResponderEphemeral = Convert.FromHexString(
        "80b10f5205b219d0ffad55212f97e36a74dee0d63e699587407c84d1c5e9b1e0d0371a6261afd997c1424b74110e5ea0"
        + "68ec8c30a8baa2a2fa4fca84fc4e4296cc3128a6bef37e64bdbe018d025868ecac41f65e6cdcdf997ae6687b50ca88d8");

    internal static readonly byte[] InitHeader = Convert.FromHexString(
        "48010102030405060708");

    internal static readonly byte[] Init = Convert.FromHexString(
        "531821b98f98600950e6b3e065c29d331c239cbdbed20b6526c139297ef3abb5c9e9cd62a556d8236b69e976b2e80653"
        + "11ad4f921b6e23e6f370680b96e1de2d29ebdeaf6cc413a2e316ec3f28459a2a32791c4e2276577826b1945babe85777"
        + "c6396262b6918b214153c7e7201966d13eb0934def3c915c52752af66ea64f191d37ec550ea621b91b20772483f99715"
        + "764d354d976851c355dd913078a079d44e53327c7b7239d1b0409d47b1a4f660ef");

    internal static readonly byte[] ResponseHeader = Convert.FromHexString(
        "5001020304050607081112131415161718");

    internal static readonly byte[] Response = Convert.FromHexString(
        "d0371a6261afd997c1424b74110e5ea068ec8c30a8baa2a2fa4fca84fc4e4296cc3128a6bef37e64bdbe018d025868ec"
        + "ac41f65e6cdcdf997ae6687b50ca88d8906ef2fed5980512596485c18b9f2bd483d687fff7decf25d67413f7f26de844"
        + "57ac");

    internal static readonly byte[] HandshakeHash = Convert.FromHexString(
        "735efc89b2410a1fddd1c6a9aa6ce4b684d12746b9559e5e30a7349c10a165cc");

    internal static readonly byte[] InitiatorSends = Convert.FromHexString(
        "8197d6348a6ef74efd29b49c3b57a0a1f636607f0776265a07bf24cef2425c19");

    internal static readonly byte[] ResponderSends = Convert.FromHexString(
        "10f4692599a708ad8af9c92fd52055e4e63b31e1c99cca17b5ae53bdbdeb4590");

    internal static readonly byte[] Packet42 = Convert.FromHexString(
        "dbacb237557f71636d19d21ed66637a4bb2cba0849b1");

    internal static readonly byte[] Packet43NextPhase = Convert.FromHexString(
        "3b06b0bd918fbecf55020f6d2d0c7f6af793020155eb");

    internal static readonly byte[] RenewalQuestion = Convert.FromHexString(
        "531821b98f98600950e6b3e065c29d331c239cbdbed20b6526c139297ef3abb5c9e9cd62a556d8236b69e976b2e80653"
        + "11ad4f921b6e23e6f370680b96e1de2d29ebdeaf6cc413a2e316ec3f28459a2a32791c4e2276577826b1945babe85777"
        + "c6396262b6918b214153c7e7201966d13eb0934def3c915c52752af66ea64f19867a54b2c1f7f914b6cc121f1c53701b"
        + "764d354d85694ac245dd913078a079d44e9621e55bde972ac7b9fc4b816aa62f89");

    internal static readonly byte[] RenewalAnswer = Convert.FromHexString(
        "d0371a6261afd997c1424b74110e5ea068ec8c30a8baa2a2fa4fca84fc4e4296cc3128a6bef37e64bdbe018d025868ec"
        + "ac41f65e6cdcdf997ae6687b50ca88d8906ef2fec092130f436885c18b9f2bd483d69c69deda0290a0a313154f6bc95f"
        + "2c35");

    internal static readonly byte[] Packet43Renewed = Convert.FromHexString(
        "09e52e08b9f073d2305fbe8e36ec51add46d5de50fc2");

    internal static readonly byte[] InitMac = Convert.FromHexString(
        "544b04f2deb5f31801c62b371917cc34");

    internal static readonly byte[] ResponderId = Convert.FromHexString(
        "e2c8ceab7c89a128bfeec3be0370b31b290dd643f93068236e7baa97c68c5400");

    internal static readonly byte[] InitPacketMac = Convert.FromHexString(
        "87991b255f19853c69ce8148851ea0f2");

    internal static readonly byte[] RetryPacket = Convert.FromHexString(
        "580102030405060708101112131415161718191a1b1c1d1e1f9106022c5a3581fafdf4700b57866569");

    internal static readonly byte[] Cookie = Convert.FromHexString(
        "64f7ece854fc4ab5afae35eda4a3d558");

    internal static readonly byte[] Ticket = Convert.FromHexString(
        "8258b0a9010102636b61740350000102030405060708090a0b0c0d0e0f041a6b49d200051a6b49e010065840b847649d"
        + "467c96b99839d0c70bb6b0a9195768b80bcc31e7163231a0fbb59832f9e08612856717e2dc028d2dbcf935b5b6fdea9a"
        + "b3474e03970a9ff68105e2a5075840531821b98f98600950e6b3e065c29d331c239cbdbed20b6526c139297ef3abb5c9"
        + "e9cd62a556d8236b69e976b2e8065311ad4f921b6e23e6f370680b96e1de2d08010f038182445162d4205840ec69718d"
        + "a798555f963bf25256be437ce5931e494060d77cd7c85e37467416f10d98f969d48ab232227a0b089572d9f3c47cf5e7"
        + "a74c97523a4dd0967f6f6e23");

    internal static readonly byte[] TicketHighS = Convert.FromHexString(
        "8258b0a9010102636b61740350000102030405060708090a0b0c0d0e0f041a6b49d200051a6b49e010065840b847649d"
        + "467c96b99839d0c70bb6b0a9195768b80bcc31e7163231a0fbb59832f9e08612856717e2dc028d2dbcf935b5b6fdea9a"
        + "b3474e03970a9ff68105e2a5075840531821b98f98600950e6b3e065c29d331c239cbdbed20b6526c139297ef3abb5c9"
        + "e9cd62a556d8236b69e976b2e8065311ad4f921b6e23e6f370680b96e1de2d08010f038182445162d4205840ec69718d"
        + "a798555f963bf25256be437ce5931e494060d77cd7c85e37467416f1f26706952b754dcedd85f4f76a8d260bf86a04c5"
        + "ffcb0732b96bfa2c7cf3b72e");
}
