# Completion of all prom-* tools for fish: the tools know their own options, so
# this only asks them.
function __prom_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    for line in ($words[1] --complete $words[2..-1] "$current" 2>/dev/null </dev/null)
        switch $line
            case :files
                __fish_complete_path (commandline -ct)
            case :directories
                __fish_complete_directories (commandline -ct)
            case '*'
                echo $line
        end
    end
end

for tool in export discover scrape store query rules alert web forward
    complete -c prom-$tool -f -a '(__prom_complete)'
end
