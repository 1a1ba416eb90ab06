namespace Belfry.Nodes.Tests.Encodings;

/// <summary>Every vector of the CashAddr specification, version 1.1.</summary>
static class CashAddrVectors
{
    /// <summary>Good checksums over payloads that are no addresses.</summary>
    public static readonly string[] ChecksumsOnly =
    [
        "prefix:x64nx6hz",
        "p:gpf8m4h7",
        "bitcoincash:qpzry9x8gf2tvdw0s3jn54khce6mua7lcw20ayyn",
        "bchtest:testnetaddress4d6njnut",
        "bchreg:555555555555555555555555555555555555555555555udxmlmrz",
    ];

    /// <summary>Legacy and new spelling of the same script.</summary>
    public static readonly (string Legacy, string CashAddr)[] Translations =
    [
        ("1BpEi6DfDAUFd7GtittLSdBeYJvcoaVggu", "bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a"),
        ("1KXrWXciRDZUpQwQmuM1DbwsKDLYAYsVLR", "bitcoincash:qr95sy3j9xwd2ap32xkykttr4cvcu7as4y0qverfuy"),
        ("16w1D5WRVKJuZUsSRzdLp9w3YGcgoxDXb", "bitcoincash:qqq3728yw0y47sqn6l2na30mcw6zm78dzqre909m2r"),
        ("3CWFddi6m4ndiGyKqzYvsFYagqDLPVMTzC", "bitcoincash:ppm2qsznhks23z7629mms6s4cwef74vcwvn0h829pq"),
        ("3LDsS579y7sruadqu11beEJoTjdFiFCdX4", "bitcoincash:pr95sy3j9xwd2ap32xkykttr4cvcu7as4yc93ky28e"),
        ("31nwvkZwyPdgzjBJZXfDmSWsC4ZLKpYyUw", "bitcoincash:pqq3728yw0y47sqn6l2na30mcw6zm78dzq5ucqzc37"),
    ];

    /// <summary>Every size that the version byte can promise.</summary>
    public static readonly (int Size, int Type, string CashAddr, string Hash)[] Sizes =
    [
        (20, 0, "bitcoincash:qr6m7j9njldwwzlg9v7v53unlr4jkmx6eylep8ekg2",
            "F5BF48B397DAE70BE82B3CCA4793F8EB2B6CDAC9"),
        (20, 1, "bchtest:pr6m7j9njldwwzlg9v7v53unlr4jkmx6eyvwc0uz5t",
            "F5BF48B397DAE70BE82B3CCA4793F8EB2B6CDAC9"),
        (20, 1, "pref:pr6m7j9njldwwzlg9v7v53unlr4jkmx6ey65nvtks5",
            "F5BF48B397DAE70BE82B3CCA4793F8EB2B6CDAC9"),
        (20, 15, "prefix:0r6m7j9njldwwzlg9v7v53unlr4jkmx6ey3qnjwsrf",
            "F5BF48B397DAE70BE82B3CCA4793F8EB2B6CDAC9"),
        (24, 0, "bitcoincash:q9adhakpwzztepkpwp5z0dq62m6u5v5xtyj7j3h2ws4mr9g0",
            "7ADBF6C17084BC86C1706827B41A56F5CA32865925E946EA"),
        (24, 1, "bchtest:p9adhakpwzztepkpwp5z0dq62m6u5v5xtyj7j3h2u94tsynr",
            "7ADBF6C17084BC86C1706827B41A56F5CA32865925E946EA"),
        (24, 1, "pref:p9adhakpwzztepkpwp5z0dq62m6u5v5xtyj7j3h2khlwwk5v",
            "7ADBF6C17084BC86C1706827B41A56F5CA32865925E946EA"),
        (24, 15, "prefix:09adhakpwzztepkpwp5z0dq62m6u5v5xtyj7j3h2p29kc2lp",
            "7ADBF6C17084BC86C1706827B41A56F5CA32865925E946EA"),
        (28, 0, "bitcoincash:qgagf7w02x4wnz3mkwnchut2vxphjzccwxgjvvjmlsxqwkcw59jxxuz",
            "3A84F9CF51AAE98A3BB3A78BF16A6183790B18719126325BFC0C075B"),
        (28, 1, "bchtest:pgagf7w02x4wnz3mkwnchut2vxphjzccwxgjvvjmlsxqwkcvs7md7wt",
            "3A84F9CF51AAE98A3BB3A78BF16A6183790B18719126325BFC0C075B"),
        (28, 1, "pref:pgagf7w02x4wnz3mkwnchut2vxphjzccwxgjvvjmlsxqwkcrsr6gzkn",
            "3A84F9CF51AAE98A3BB3A78BF16A6183790B18719126325BFC0C075B"),
        (28, 15, "prefix:0gagf7w02x4wnz3mkwnchut2vxphjzccwxgjvvjmlsxqwkc5djw8s9g",
            "3A84F9CF51AAE98A3BB3A78BF16A6183790B18719126325BFC0C075B"),
        (32, 0, "bitcoincash:qvch8mmxy0rtfrlarg7ucrxxfzds5pamg73h7370aa87d80gyhqxq5nlegake",
            "3173EF6623C6B48FFD1A3DCC0CC6489B0A07BB47A37F47CFEF4FE69DE825C060"),
        (32, 1, "bchtest:pvch8mmxy0rtfrlarg7ucrxxfzds5pamg73h7370aa87d80gyhqxq7fqng6m6",
            "3173EF6623C6B48FFD1A3DCC0CC6489B0A07BB47A37F47CFEF4FE69DE825C060"),
        (32, 1, "pref:pvch8mmxy0rtfrlarg7ucrxxfzds5pamg73h7370aa87d80gyhqxq4k9m7qf9",
            "3173EF6623C6B48FFD1A3DCC0CC6489B0A07BB47A37F47CFEF4FE69DE825C060"),
        (32, 15, "prefix:0vch8mmxy0rtfrlarg7ucrxxfzds5pamg73h7370aa87d80gyhqxqsh6jgp6w",
            "3173EF6623C6B48FFD1A3DCC0CC6489B0A07BB47A37F47CFEF4FE69DE825C060"),
        (40, 0, "bitcoincash:qnq8zwpj8cq05n7pytfmskuk9r4gzzel8qtsvwz79zdskftrzxtar994cgutavfklv39gr3uvz",
            "C07138323E00FA4FC122D3B85B9628EA810B3F381706385E289B0B25631197D194B5C238BEB136FB"),
        (40, 1, "bchtest:pnq8zwpj8cq05n7pytfmskuk9r4gzzel8qtsvwz79zdskftrzxtar994cgutavfklvmgm6ynej",
            "C07138323E00FA4FC122D3B85B9628EA810B3F381706385E289B0B25631197D194B5C238BEB136FB"),
        (40, 1, "pref:pnq8zwpj8cq05n7pytfmskuk9r4gzzel8qtsvwz79zdskftrzxtar994cgutavfklv0vx5z0w3",
            "C07138323E00FA4FC122D3B85B9628EA810B3F381706385E289B0B25631197D194B5C238BEB136FB"),
        (40, 15, "prefix:0nq8zwpj8cq05n7pytfmskuk9r4gzzel8qtsvwz79zdskftrzxtar994cgutavfklvwsvctzqy",
            "C07138323E00FA4FC122D3B85B9628EA810B3F381706385E289B0B25631197D194B5C238BEB136FB"),
        (48, 0, "bitcoincash:qh3krj5607v3qlqh5c3wq3lrw3wnuxw0sp8dv0zugrrt5a3kj6ucysfz8kxwv2k53krr7n933jfsunqex2w82sl",
            "E361CA9A7F99107C17A622E047E3745D3E19CF804ED63C5C40C6BA763696B98241223D8CE62AD48D863F4CB18C930E4C"),
        (48, 1, "bchtest:ph3krj5607v3qlqh5c3wq3lrw3wnuxw0sp8dv0zugrrt5a3kj6ucysfz8kxwv2k53krr7n933jfsunqnzf7mt6x",
            "E361CA9A7F99107C17A622E047E3745D3E19CF804ED63C5C40C6BA763696B98241223D8CE62AD48D863F4CB18C930E4C"),
        (48, 1, "pref:ph3krj5607v3qlqh5c3wq3lrw3wnuxw0sp8dv0zugrrt5a3kj6ucysfz8kxwv2k53krr7n933jfsunqjntdfcwg",
            "E361CA9A7F99107C17A622E047E3745D3E19CF804ED63C5C40C6BA763696B98241223D8CE62AD48D863F4CB18C930E4C"),
        (48, 15, "prefix:0h3krj5607v3qlqh5c3wq3lrw3wnuxw0sp8dv0zugrrt5a3kj6ucysfz8kxwv2k53krr7n933jfsunqakcssnmn",
            "E361CA9A7F99107C17A622E047E3745D3E19CF804ED63C5C40C6BA763696B98241223D8CE62AD48D863F4CB18C930E4C"),
        (56, 0, "bitcoincash:qmvl5lzvdm6km38lgga64ek5jhdl7e3aqd9895wu04fvhlnare5937w4ywkq57juxsrhvw8ym5d8qx7sz7zz0zvcypqscw8jd03f",
            "D9FA7C4C6EF56DC4FF423BAAE6D495DBFF663D034A72D1DC7D52CBFE7D1E6858F9D523AC0A7A5C34077638E4DD1A701BD017842789982041"),
        (56, 1, "bchtest:pmvl5lzvdm6km38lgga64ek5jhdl7e3aqd9895wu04fvhlnare5937w4ywkq57juxsrhvw8ym5d8qx7sz7zz0zvcypqs6kgdsg2g",
            "D9FA7C4C6EF56DC4FF423BAAE6D495DBFF663D034A72D1DC7D52CBFE7D1E6858F9D523AC0A7A5C34077638E4DD1A701BD017842789982041"),
        (56, 1, "pref:pmvl5lzvdm6km38lgga64ek5jhdl7e3aqd9895wu04fvhlnare5937w4ywkq57juxsrhvw8ym5d8qx7sz7zz0zvcypqsammyqffl",
            "D9FA7C4C6EF56DC4FF423BAAE6D495DBFF663D034A72D1DC7D52CBFE7D1E6858F9D523AC0A7A5C34077638E4DD1A701BD017842789982041"),
        (56, 15, "prefix:0mvl5lzvdm6km38lgga64ek5jhdl7e3aqd9895wu04fvhlnare5937w4ywkq57juxsrhvw8ym5d8qx7sz7zz0zvcypqsgjrqpnw8",
            "D9FA7C4C6EF56DC4FF423BAAE6D495DBFF663D034A72D1DC7D52CBFE7D1E6858F9D523AC0A7A5C34077638E4DD1A701BD017842789982041"),
        (64, 0, "bitcoincash:qlg0x333p4238k0qrc5ej7rzfw5g8e4a4r6vvzyrcy8j3s5k0en7calvclhw46hudk5flttj6ydvjc0pv3nchp52amk97tqa5zygg96mtky5" +
            "sv5w",
            "D0F346310D5513D9E01E299978624BA883E6BDA8F4C60883C10F28C2967E67EC77ECC7EEEAEAFC6DA89FAD72D11AC961E164678B868AEEEC5F2C1DA0" +
            "8884175B"),
        (64, 1, "bchtest:plg0x333p4238k0qrc5ej7rzfw5g8e4a4r6vvzyrcy8j3s5k0en7calvclhw46hudk5flttj6ydvjc0pv3nchp52amk97tqa5zygg96mc773cwez",
            "D0F346310D5513D9E01E299978624BA883E6BDA8F4C60883C10F28C2967E67EC77ECC7EEEAEAFC6DA89FAD72D11AC961E164678B868AEEEC5F2C1DA0" +
            "8884175B"),
        (64, 1, "pref:plg0x333p4238k0qrc5ej7rzfw5g8e4a4r6vvzyrcy8j3s5k0en7calvclhw46hudk5flttj6ydvjc0pv3nchp52amk97tqa5zygg96mg7pj3lh8",
            "D0F346310D5513D9E01E299978624BA883E6BDA8F4C60883C10F28C2967E67EC77ECC7EEEAEAFC6DA89FAD72D11AC961E164678B868AEEEC5F2C1DA0" +
            "8884175B"),
        (64, 15, "prefix:0lg0x333p4238k0qrc5ej7rzfw5g8e4a4r6vvzyrcy8j3s5k0en7calvclhw46hudk5flttj6ydvjc0pv3nchp52amk97tqa5zygg96ms92w6845",
            "D0F346310D5513D9E01E299978624BA883E6BDA8F4C60883C10F28C2967E67EC77ECC7EEEAEAFC6DA89FAD72D11AC961E164678B868AEEEC5F2C1DA0" +
            "8884175B"),
    ];

    /// <summary>Type 15, which does not exist, with data of 0 to 224 bytes whatever the size bits promise.</summary>
    public static readonly (int Size, int Type, int SizeBits, string CashAddr, string Data)[] UndefinedTypes =
    [
        (0, 15, 0,
            "prefix:0qxsg0rgpa",
            ""),
        (0, 15, 7,
            "prefix:0uwa85v9fp",
            ""),
        (32, 15, 0,
            "prefix:0zeuqqwwk0xjclsv4lzljpye09m74gv4darmzluu6g4yxxk5eja92nup8dp7p",
            "B3C001CEB3CD2C7E0CAFC5F904997977EAA1956F47B17F9CD22A431AD4CCBA55"),
        (32, 15, 7,
            "prefix:07euqqwwk0xjclsv4lzljpye09m74gv4darmzluu6g4yxxk5eja922n8zkmjh",
            "B3C001CEB3CD2C7E0CAFC5F904997977EAA1956F47B17F9CD22A431AD4CCBA55"),
        (64, 15, 0,
            "prefix:0p9l93rdpjunztm99mne67xhtejj5a2eanlj83mg0a7njunwf0ka0raa6ct6f6w42aw23a067gmaa45xwxc5q85tz8p3rhderusc62vp4atp3rk5",
            "4BF2C46D0CB9312F652EE79D78D75E652A7559ECFF23C7687F7D39726E4BEDD78FBDD617A4E9D5575CA8F5FAF237DED68671B1401E8B11C311DDB91F" +
            "218D2981"),
        (64, 15, 7,
            "prefix:0a9l93rdpjunztm99mne67xhtejj5a2eanlj83mg0a7njunwf0ka0raa6ct6f6w42aw23a067gmaa45xwxc5q85tz8p3rhderusc62vpf9plewfm",
            "4BF2C46D0CB9312F652EE79D78D75E652A7559ECFF23C7687F7D39726E4BEDD78FBDD617A4E9D5575CA8F5FAF237DED68671B1401E8B11C311DDB91F" +
            "218D2981"),
        (96, 15, 0,
            "prefix:0z06ttpztfp6ume9d83ppl004mz2mlz6sqp9pmhhds5n248h9fls8t93h4xppaf2kyp29x5fnftldan0m40yw2udjk4ytu0kxjq8t9zanwh5mchjp" +
            "vzae45m70xc9kw6pfj55376jvj4h6dmt257lvaar5gs3y97wet6",
            "9FA5AC225A43AE6F2569E210FDEFAEC4ADFC5A800250EEF76C293554F72A7F03ACB1BD4C10F52AB102A29A899A57F6F66FDD5E472B8D95AA45F1F634" +
            "8075945D9BAF4DE2F20B05DCD69BF3CD82D9DA0A654A47DA93255BE9BB5AA9EFB3BD1D11"),
        (96, 15, 7,
            "prefix:0706ttpztfp6ume9d83ppl004mz2mlz6sqp9pmhhds5n248h9fls8t93h4xppaf2kyp29x5fnftldan0m40yw2udjk4ytu0kxjq8t9zanwh5mchjp" +
            "vzae45m70xc9kw6pfj55376jvj4h6dmt257lvaar5gsq7lehjd3",
            "9FA5AC225A43AE6F2569E210FDEFAEC4ADFC5A800250EEF76C293554F72A7F03ACB1BD4C10F52AB102A29A899A57F6F66FDD5E472B8D95AA45F1F634" +
            "8075945D9BAF4DE2F20B05DCD69BF3CD82D9DA0A654A47DA93255BE9BB5AA9EFB3BD1D11"),
        (128, 15, 0,
            "prefix:0p3hj0ygup9txk5nd4dvkr6me839cr44wy5kzpcsgarrqlks4dsysaeup5zvf90e7jfhr8uux7ztcruws04rsvjzvg73x9t5gwyl9sc2htyl8qdzz" +
            "96mutcjuufmnh54dvh2nfr3kcysn0u65qz75cf9ecqcvk65r9fnj65fy93yem57575lht3gykrp52zx565cmzd5xh4vvfsr769jn3q",
            "63793C88E04AB35A936D5ACB0F5BC9E25C0EB571296107104746307ED0AB6048773C0D04C495F9F493719F9C3784BC0F8E83EA383242623D13157443" +
            "89F2C30ABAC9F381A21175BE2F12E713B9DE956B2EA9A471B60909BF9AA005EA6125CE01865B541953396A8921624CEE9EA7A9FBAE2825861A2846A6" +
            "A98D89B435EAC626"),
        (128, 15, 7,
            "prefix:0a3hj0ygup9txk5nd4dvkr6me839cr44wy5kzpcsgarrqlks4dsysaeup5zvf90e7jfhr8uux7ztcruws04rsvjzvg73x9t5gwyl9sc2htyl8qdzz" +
            "96mutcjuufmnh54dvh2nfr3kcysn0u65qz75cf9ecqcvk65r9fnj65fy93yem57575lht3gykrp52zx565cmzd5xh4vvfsxqnxxshr",
            "63793C88E04AB35A936D5ACB0F5BC9E25C0EB571296107104746307ED0AB6048773C0D04C495F9F493719F9C3784BC0F8E83EA383242623D13157443" +
            "89F2C30ABAC9F381A21175BE2F12E713B9DE956B2EA9A471B60909BF9AA005EA6125CE01865B541953396A8921624CEE9EA7A9FBAE2825861A2846A6" +
            "A98D89B435EAC626"),
        (160, 15, 0,
            "prefix:0p4xy8n9zp62vs767wwwwvu2lumcpfa5a9m5mp7xpevqtzn0vvvw5z6cvyha28dffua2zaj0ekp8l4wp9va3f5j5hn2j5kt803e9srxrkeg0qy9w6" +
            "p6nfgxh5t76gdlxltsjln69r5ptwd4e894m24k4wp7s6juu9uslym9yltz8cans2zlasq0umkkykcz97v0wdm8f95ffsf6szzf6xxtpju7fnchjjtzfy7dzt" +
            "vpx8xxvy499pfxs2q2ptrrr0gh2p2l0t4",
            "6A621E651074A643DAF39CE7338AFF3780A7B4E9774D87C60E58058A6F6318EA0B58612FD51DA94F3AA1764FCD827FD5C12B3B14D254BCD52A59677C" +
            "72580CC3B650F010AED07534A0D7A2FDA437E6FAE12FCF451D02B736B9396BB556D5707D0D4B9C2F21F26CA4FAC47C767050BFD801FCDDAC4B6045F3" +
            "1EE6ECE92D129827501093A31961973C99E2F292C49279A25B026398CC254A50A4D05014158C637A"),
        (160, 15, 7,
            "prefix:0a4xy8n9zp62vs767wwwwvu2lumcpfa5a9m5mp7xpevqtzn0vvvw5z6cvyha28dffua2zaj0ekp8l4wp9va3f5j5hn2j5kt803e9srxrkeg0qy9w6" +
            "p6nfgxh5t76gdlxltsjln69r5ptwd4e894m24k4wp7s6juu9uslym9yltz8cans2zlasq0umkkykcz97v0wdm8f95ffsf6szzf6xxtpju7fnchjjtzfy7dzt" +
            "vpx8xxvy499pfxs2q2ptrrr0gdwzg26z3",
            "6A621E651074A643DAF39CE7338AFF3780A7B4E9774D87C60E58058A6F6318EA0B58612FD51DA94F3AA1764FCD827FD5C12B3B14D254BCD52A59677C" +
            "72580CC3B650F010AED07534A0D7A2FDA437E6FAE12FCF451D02B736B9396BB556D5707D0D4B9C2F21F26CA4FAC47C767050BFD801FCDDAC4B6045F3" +
            "1EE6ECE92D129827501093A31961973C99E2F292C49279A25B026398CC254A50A4D05014158C637A"),
        (192, 15, 0,
            "prefix:0p904fe2mf7rdc26x5w7anqaagkgza8dewrzkhhgmpxapl3e3eaymg93me09a9xa5a66nvyentphtdclutq2nlk0dmewun0uq6y0wu8ru2e0d6x8d" +
            "86mfg5z6j5e42vp33027q0eqn30fs0vwtvwn2rqhm57rcmnjfycw6fn6r535vcqs772qg3dzet79lq0335xh22ddt3dl5zh9gd6gzfqx42sgly7nsvcl75lv" +
            "6uelt8hzgh72gc7p4qjqks7ukz68af0jkp5lzsukmy3tqt4y0x9w6pfd3dc2vcy80wjpras3gszvkahludu7",
            "4AFAA72ADA7C36E15A351DEECC1DEA2C8174EDCB862B5EE8D84DD0FE398E7A4DA0B1DE5E5E94DDA775A9B0999AC375B71FE2C0A9FECF6EF2EE4DFC06" +
            "88F770E3E2B2F6E8C769F5B4A282D4A99AA9818C5EAF01F904E2F4C1EC72D8E9A860BEE9E1E3739249876933D0E91A330087BCA0222D1657E2FC0F8C" +
            "686BA94D6AE2DFD0572A1BA409203555047C9E9C198FFA9F66B99FACF7122FE5231E0D41205A1EE585A3F52F95834F8A1CB6C915817523CC5768296C" +
            "5B8533043BDD208FB08A2026"),
        (192, 15, 7,
            "prefix:0a904fe2mf7rdc26x5w7anqaagkgza8dewrzkhhgmpxapl3e3eaymg93me09a9xa5a66nvyentphtdclutq2nlk0dmewun0uq6y0wu8ru2e0d6x8d" +
            "86mfg5z6j5e42vp33027q0eqn30fs0vwtvwn2rqhm57rcmnjfycw6fn6r535vcqs772qg3dzet79lq0335xh22ddt3dl5zh9gd6gzfqx42sgly7nsvcl75lv" +
            "6uelt8hzgh72gc7p4qjqks7ukz68af0jkp5lzsukmy3tqt4y0x9w6pfd3dc2vcy80wjpras3gszv3d6nzg9c",
            "4AFAA72ADA7C36E15A351DEECC1DEA2C8174EDCB862B5EE8D84DD0FE398E7A4DA0B1DE5E5E94DDA775A9B0999AC375B71FE2C0A9FECF6EF2EE4DFC06" +
            "88F770E3E2B2F6E8C769F5B4A282D4A99AA9818C5EAF01F904E2F4C1EC72D8E9A860BEE9E1E3739249876933D0E91A330087BCA0222D1657E2FC0F8C" +
            "686BA94D6AE2DFD0572A1BA409203555047C9E9C198FFA9F66B99FACF7122FE5231E0D41205A1EE585A3F52F95834F8A1CB6C915817523CC5768296C" +
            "5B8533043BDD208FB08A2026"),
        (224, 15, 0,
            "prefix:0rgc7srrr5hswp4y250drsxyvxm2ru6yteyxjkg938e8gxwaqxktrr5pup390udy69g82c608n53ly4rs9cvmyaewt77xl320ygurqdc02qmq9nlg" +
            "vceq7ppde035478szfs446yj4m9x3rf57nzuv0qs0cgvnkudnhylenpe3r0p0ffq0u9cr77usf7d6uh0zlx2ycaw4l2a90l5h9n8ggwpnvrxj23j8elygs0g" +
            "zf70gw2verzjrpr0h438rlqsccqd6kcfq5m6h5tmw9qdup2fsg3m29tfvp2528qy5ryg4msekfn7jefwcvghqj652jl69j3u3jtk6ne4wwae8209yyjvgnud" +
            "aar83agjv8k8m8g",
            "D18F40631D2F0706A4551ED1C0C461B6A1F3445E4869590589F27419DD01ACB18E81E06257F1A4D15075634F3CE91F92A38170CD93B972FDE37E2A79" +
            "11C181B87A81B0167F43319078216E5F1A57C780930AD7449576534469A7A62E31E083F0864EDC6CEE4FE661CC46F0BD2903F85C0FDEE413E6EB9778" +
            "BE65131D757EAE95FFA5CB33A10E0CD833495191F3F2220F4093E7A1CA6646290C237DEB138FE0863006EAD84829BD5E8BDB8A06F02A4C111DA8AB4B" +
            "02AA28E02506445770CD933F4B2976188B825AA2A5FD1651E464BB6A79AB9DDC9D4F290926227C6F7A33C7A8"),
        (224, 15, 7,
            "prefix:0lgc7srrr5hswp4y250drsxyvxm2ru6yteyxjkg938e8gxwaqxktrr5pup390udy69g82c608n53ly4rs9cvmyaewt77xl320ygurqdc02qmq9nlg" +
            "vceq7ppde035478szfs446yj4m9x3rf57nzuv0qs0cgvnkudnhylenpe3r0p0ffq0u9cr77usf7d6uh0zlx2ycaw4l2a90l5h9n8ggwpnvrxj23j8elygs0g" +
            "zf70gw2verzjrpr0h438rlqsccqd6kcfq5m6h5tmw9qdup2fsg3m29tfvp2528qy5ryg4msekfn7jefwcvghqj652jl69j3u3jtk6ne4wwae8209yyjvgnud" +
            "aar83ag3w3lql4v",
            "D18F40631D2F0706A4551ED1C0C461B6A1F3445E4869590589F27419DD01ACB18E81E06257F1A4D15075634F3CE91F92A38170CD93B972FDE37E2A79" +
            "11C181B87A81B0167F43319078216E5F1A57C780930AD7449576534469A7A62E31E083F0864EDC6CEE4FE661CC46F0BD2903F85C0FDEE413E6EB9778" +
            "BE65131D757EAE95FFA5CB33A10E0CD833495191F3F2220F4093E7A1CA6646290C237DEB138FE0863006EAD84829BD5E8BDB8A06F02A4C111DA8AB4B" +
            "02AA28E02506445770CD933F4B2976188B825AA2A5FD1651E464BB6A79AB9DDC9D4F290926227C6F7A33C7A8"),
    ];
}
